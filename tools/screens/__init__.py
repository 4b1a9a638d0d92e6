"""Pictures for the docs: the very blocks that the server sends, drawn as Slack draws them."""
