"""
Whether a configuration can serve on this machine, beyond what its values are by themselves.

A supervisor asks it too, which serves nothing: so nothing that serves is imported here.
"""

from __future__ import annotations

from importlib.util import find_spec
from urllib.parse import urlsplit

from .config import ENDPOINTS, Config, ConfigFault
from .config.keys import ApiKey
from .conversation import Allowance

COUNTED_APART = "each worker would count for itself: set limits_store, or workers to 1"


def check(config: Config) -> None:
    """@raise ConfigFault: it can't serve."""
    if config.user is None and not config.use_simulator and not config.username_passthrough:
        raise ConfigFault("user: not set, and ARGO must know who asks")
    if len(config.environment) > 1 and any(getattr(config, name) for name in ("argo_base_url", *ENDPOINTS)):
        raise ConfigFault("environment: there can be only one beside an address of its own (argo_base_url and others)")
    if config.max_image_mb is not None and find_spec("PIL") is None:
        raise ConfigFault("max_image_mb: needs Pillow: pip install 'argoproxy[images]'")
    if config.ca_file is not None:
        _check_certificates(config.ca_file)
    _check_keys(config)


def _check_certificates(path: str) -> None:
    from .net.trust import trusting

    try:
        trusting(path)
    except OSError as error:
        raise ConfigFault(f"ca_file: {path}: {error.strerror}") from None
    except ValueError:
        raise ConfigFault(f"ca_file: {path}: holds no certificates in PEM, or bad ones") from None


def _check_keys(config: Config) -> None:
    if config.username_passthrough and (config.keys or config.keys_file):
        raise ConfigFault("username_passthrough: a client's key can't be its user's name where keys are given out")
    if "*" in config.cors_origins and (config.keys or config.keys_file):
        raise ConfigFault('cors_origins: where keys are given out origins must be named: "*" is every page there is')
    sound_keys(config)
    if config.limits_store is not None:
        _check_store(config.limits_store, config.limits_store_password)


def _check_store(address: str, password: str | None) -> None:
    if find_spec("txredisapi") is None:
        raise ConfigFault("limits_store: needs txredisapi: pip install 'argoproxy[redis]'")
    somebody = urlsplit(address)
    if somebody.username and not (somebody.password or password):
        raise ConfigFault("limits_store: names a user, and there is no password: set limits_store_password")


def sound_keys(config: Config) -> tuple[ApiKey, ...]:
    """
    All keys that there are now; their file may change while a proxy runs.

    @raise ConfigFault: they can't be used, or have limits that nobody could keep account of.
    """
    keys = _all_keys(config)
    if (config.limits and _each_counts(config)) or countable(config, keys) != keys:
        raise ConfigFault(f"limits: {COUNTED_APART}")
    return keys


def _all_keys(config: Config) -> tuple[ApiKey, ...]:
    if config.keys_file is None:
        return config.keys
    # Few have such a file.
    from .keys.file import all_keys

    return all_keys(config)


def countable(config: Config, keys: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
    """Those whose limits somebody can keep account of."""
    if not _each_counts(config):
        return keys
    return tuple(key for key in keys if key.of("key", key.name) == Allowance())


def _each_counts(config: Config) -> bool:
    return config.workers > 1 and config.limits_store is None
