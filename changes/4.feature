`make bench` measures the proxy beside nginx, argo-proxy and LiteLLM, `make bench-compare` beside its baseline, `make bench-curves` how its cost grows.
Several processes as one (`--workers N`): dead ones are started again, SIGHUP replaces them without losing a request, and any connection tells of all of them.
