#!/bin/bash
# Talks to the real bot through local-slack 0.1.8 (MIT, https://github.com/parvalabs/local-slack): by HTTP, by Socket
# Mode, and as a plugin of examples/host_app.py. The emulator listens on every interface it finds, so all of it runs where there is only loopback.
set -euo pipefail
cd "$(dirname "$0")/../.."
emulators=tools/emulators
python=${PYTHON:-.venv/bin/python}
if [ ! -x $emulators/node/node_modules/local-slack-linux-x64/bin/local-slack ]; then
    mkdir -p $emulators/node
    npm install --silent --ignore-scripts --no-save --prefix $emulators/node local-slack-linux-x64@0.1.8
fi
for mode in http socket host; do
    unshare --net --map-root-user sh -c 'ip link set lo up && exec "$@"' alone \
        "$python" $emulators/local_slack.py $mode
done
