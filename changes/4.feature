`make bench` measures the proxy beside nginx, argo-proxy and LiteLLM, `make bench-compare` beside its baseline, `make bench-curves` how its cost grows.
