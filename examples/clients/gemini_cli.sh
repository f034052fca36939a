#!/bin/sh
# Gemini CLI, for one prompt.   npm install @google/gemini-cli
set -eu
GOOGLE_GEMINI_BASE_URL=${ARGOPROXY_URL:-http://127.0.0.1:44497}
GEMINI_API_KEY=unused
GEMINI_CLI_HOME=$(mktemp -d)
export GOOGLE_GEMINI_BASE_URL GEMINI_API_KEY GEMINI_CLI_HOME
trap 'rm -rf "$GEMINI_CLI_HOME"' EXIT

# Beside a base URL the way to sign in must be named. The same may stand in ~/.gemini/settings.json.
mkdir "$GEMINI_CLI_HOME/.gemini"
echo '{"security": {"auth": {"selectedType": "gemini-api-key"}}}' > "$GEMINI_CLI_HOME/.gemini/settings.json"

gemini --skip-trust --model gemini-2.5-pro --prompt "Hello" < /dev/null
