"""
Clients' keys, and limits, as an operator writes them down: checked field by field.

A key itself is never written down, only its digest. How keys are made and looked up stays out: see L{argoproxy.keys}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timezone
from typing import Any

import msgspec

from argoproxy.config import kinds
from argoproxy.config.faults import Misfit, UnknownKey
from argoproxy.config.kinds import Kind
from argoproxy.conversation import Limits


class ApiKey(Limits, frozen=True, omit_defaults=True, kw_only=True):
    """
    A client's key.

    @ivar sha256: the digest of the key, in lower-case hexadecimal.
    @ivar user: in whose name ARGO is asked; the configured one if C{None}.
    @ivar models: names and patterns of the models that it may use; all if there is none.
    @ivar expires: the last day (UTC), or the moment, on which it is good, in ISO 8601.
    """

    name: str
    sha256: str
    user: str | None = None
    models: tuple[str, ...] = ()
    expires: str | None = None

    @property
    def expires_at(self) -> float | None:
        """Seconds since the epoch until which it is good, or C{None}."""
        return None if self.expires is None else _moment(self.expires).timestamp()


def _moment(written: str) -> datetime:
    """@raise ValueError: it is none."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", written):
        return datetime.combine(date.fromisoformat(written), time.max, timezone.utc)
    moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", written))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _accept_moment(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    _moment(value)
    return value


def _accept_digest(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Fa-f]{64}", value):
        raise ValueError
    return value.lower()


def _accept_models(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError
    return tuple(str(kinds.NAME.accept(one)) for one in value)


KEY_NAME = kinds.text("a name of up to 64 letters, digits, dots, dashes, @ and _", r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
MODELS = Kind("a list of models, or patterns for them", _accept_models)
MOMENT = Kind("a date (2027-01-31) or a date and a time (2027-01-31T12:00:00+00:00)", _accept_moment)
LIMIT_FIELDS: Mapping[str, Kind] = {name: kinds.whole(1, 10**12) for name in Limits.__struct_fields__}
KEY_FIELDS: Mapping[str, Kind] = {
    "name": KEY_NAME,
    "sha256": Kind("the SHA-256 of a key, 64 hexadecimal digits", _accept_digest),
    "user": kinds.USER,
    "models": MODELS,
    **LIMIT_FIELDS,
    "expires": MOMENT,
}


def _fields(known: Mapping[str, Kind], value: object) -> dict[str, Any]:
    """
    @raise ValueError: it is no mapping.
    @raise Misfit: a field that nobody knows, or of the wrong kind.
    """
    if not isinstance(value, Mapping):
        raise ValueError
    read: dict[str, Any] = {}
    for name, item in value.items():
        if name not in known:
            raise UnknownKey(known, (name,))
        try:
            read[name] = known[name].read(item)
        except Misfit as misfit:
            raise misfit.under(name) from None
    return read


def _accept_limits(value: object) -> Limits:
    return value if isinstance(value, Limits) else Limits(**_fields(LIMIT_FIELDS, value))


def _accept_key(value: object) -> ApiKey:
    """@raise ValueError: it lacks a name or a digest."""
    fields = _fields(KEY_FIELDS, msgspec.to_builtins(value) if isinstance(value, ApiKey) else value)
    if not fields.keys() >= {"name", "sha256"}:
        raise ValueError
    return ApiKey(**fields)


_KEY = Kind("a mapping with at least name and sha256", _accept_key)


def _accept_keys(value: object) -> tuple[ApiKey, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError
    keys: list[ApiKey] = []
    for place, item in enumerate(value):
        try:
            key = _KEY.read(item)
        except Misfit as misfit:
            raise misfit.under(str(place)) from None
        assert isinstance(key, ApiKey)
        _check_alone(key, keys, place)
        keys.append(key)
    return tuple(keys)


def _check_alone(key: ApiKey, others: list[ApiKey], place: int) -> None:
    """@raise Misfit: another one has its name or its digest."""
    for field in ("name", "sha256"):
        if getattr(key, field) in {getattr(other, field) for other in others}:
            raise Misfit("one that no key above it has", getattr(key, field), (str(place), field))


API_KEYS = Kind("a list of keys", _accept_keys, None)
LIMITS = kinds.mapping(
    kinds.choice("per_user", "per_address"),
    Kind("a mapping of limits: " + ", ".join(LIMIT_FIELDS), _accept_limits),
)
