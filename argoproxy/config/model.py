"""
The configuration: every key with its type, its default, what it wants and the sentence that documents it.

A key is one line of a class below; the file, the environment, the options and the table in the documentation all follow
from that line. Where values come from stays out: see L{argoproxy.config.layers}.
"""

# ruff: noqa: RUF009 -- _key() declares a field, as attrs.field() does
from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args

import attrs

from argoproxy.config import kinds
from argoproxy.config.abilities import ABILITIES
from argoproxy.config.faults import ConfigFault, Misfit, UnknownKey
from argoproxy.config.keys import API_KEYS, LIMITS, ApiKey
from argoproxy.config.kinds import Kind
from argoproxy.conversation import Limits

Upstream = Literal["auto", "gateway", "native"]
Transport = Literal["llhttp", "stock"]
LogFormat = Literal["text", "json"]
ImageFetch = Literal["off", "public", "any"]
Unlimited = Literal["open", "closed"]

BASES: Mapping[str, str] = MappingProxyType(
    {
        "prod": "https://apps.inside.anl.gov/argoapi",
        "dev": "https://apps-dev.inside.anl.gov/argoapi",
        "test": "https://apps-test.inside.anl.gov/argoapi",
    }
)
ENDPOINTS = ("argo_url", "argo_stream_url", "argo_embedding_url", "argo_model_url")
_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_PLACES: Mapping[str, int] = MappingProxyType({})
_NO_LIMITS: Mapping[str, Limits] = MappingProxyType({})
_NO_FALLBACKS: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_NO_ABILITIES: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


@attrs.frozen
class Key:
    """
    What there is to know about a key.

    @ivar name: the field of L{Config}.
    @ivar doc: one sentence for people.
    @ivar default: the value when nobody gives one; C{None}: unset.
    @ivar in_file: whether a file may hold it under this name.
    @ivar variable: the environment variable that gives it, or C{None}.
    @ivar option: the command line option that gives it, or would.
    """

    name: str
    kind: Kind
    doc: str
    default: object
    in_file: bool
    variable: str | None
    option: str


def _kept(value: object, field: attrs.Attribute[Any]) -> object:
    """Check and freeze what a field is given, also where an embedder builds the object without a file."""
    if value is None and field.default is None:
        return None
    try:
        kept: object = field.metadata["kind"].read(value)
    except Misfit as misfit:
        raise ConfigFault(misfit.under(field.name).sentence()) from None
    return kept


def _key(default: object, kind: Kind, doc: str, *, alias: str = "", option: str = "") -> Any:
    """
    Declare a field that is a key.

    @param alias: the key's name in the environment and among the options, where a file has it in another place.
    @param option: the name of its option, where that is another.
    """
    metadata = {"kind": kind, "doc": doc, "alias": alias, "option": option}
    return attrs.field(default=default, converter=attrs.Converter(_kept, takes_field=True), metadata=metadata)


def keys_of(owner: type[attrs.AttrsInstance]) -> tuple[Key, ...]:
    """The keys that a class declares, in their order."""
    return tuple(_described(field) for field in attrs.fields(owner) if "kind" in field.metadata)


def _described(field: attrs.Attribute[Any]) -> Key:
    kind, doc, alias, option = (field.metadata[name] for name in ("kind", "doc", "alias", "option"))
    name = alias or field.name
    return Key(
        name=field.name,
        kind=kind,
        doc=doc,
        default=field.default,
        in_file=not alias,
        variable=f"ARGOPROXY_{name.upper()}" if kind.parse else None,
        option="--" + (option or name).replace("_", "-"),
    )


@attrs.frozen
class SimulatorOptions:
    """How the simulator inside the proxy's process behaves, when it is on."""

    first_byte_delay: float = _key(0.0, kinds.number("seconds"), "Seconds before the first byte of a reply.")
    chunk_delay: float = _key(0.0, kinds.number("seconds"), "Seconds between the pieces of a stream.")
    chunk_size: int = _key(24, kinds.whole(1), "Size of a stream's pieces.")
    cut_characters: bool = _key(False, kinds.SWITCH, "Whether a piece may end inside a multi-byte character.")
    fault: str | None = _key(None, kinds.NAME, "Name of a fault that every reply shows.")


SIMULATOR_KEYS = keys_of(SimulatorOptions)


def _accept_simulator(value: object) -> SimulatorOptions:
    if isinstance(value, SimulatorOptions):
        return value
    if not isinstance(value, Mapping):
        raise ValueError
    known = {key.name: key for key in SIMULATOR_KEYS}
    read: dict[str, Any] = {}
    for name, item in value.items():
        if name not in known:
            raise UnknownKey((*known, "enabled"), (name,))
        try:
            read[name] = known[name].kind.read(item)
        except Misfit as misfit:
            raise misfit.under(name) from None
    return SimulatorOptions(**read)


_SIMULATOR = Kind("true, false or a mapping of the simulator's settings", _accept_simulator, None)


@attrs.frozen
class Config:
    """
    Everything that can be set. Built directly (embedding) or by L{argoproxy.config.load}; both check every value.

    @ivar notices: what the operator should know about where the values came from, a line each, for the log.
    @ivar source: absolute path of the file that was read.
    @raise ConfigFault: on building, a value that its key doesn't take.
    """

    user: str | None = _key(None, kinds.USER, "Your ARGO (ANL) user name; the simulator needs none.")
    host: str = _key("127.0.0.1", kinds.HOST, "Interface to listen on.")
    port: int = _key(44497, kinds.whole(0, 65535), "Port to listen on; 0 takes any free one.")
    listen: tuple[str, ...] = _key((), kinds.LISTEN, "Twisted endpoints to listen on, in place of host and port.")
    allowed_hosts: tuple[str, ...] = _key(
        (), kinds.HOSTS, "Names to be called by, beside localhost and addresses; unset: on loopback none, else any."
    )
    cors_origins: tuple[str, ...] = _key((), kinds.ORIGINS, "Origins whose web pages may call; unset: the proxy's own.")
    workers: int = _key(1, kinds.whole(1, 256), "Number of processes that serve; several need Linux and TCP.")
    environment: tuple[str, ...] = _key(
        ("dev",), kinds.several(kinds.choice(*BASES), least=1), "Which of ARGO's environments to use, the best first."
    )
    argo_base_url: str | None = _key(
        None, kinds.BASE_URL, "Base of ARGO's addresses; wins over environment.", option="argo_url"
    )
    argo_url: str | None = _key(None, kinds.URL, "Address of the gateway's chat call alone.")
    argo_stream_url: str | None = _key(None, kinds.URL, "Address of the gateway's streamed chat call alone.")
    argo_embedding_url: str | None = _key(None, kinds.URL, "Address of the gateway's embedding call alone.")
    argo_model_url: str | None = _key(None, kinds.URL, "Address of the gateway's model list alone.")
    upstream: Upstream = _key("auto", kinds.choice(*get_args(Upstream)), "Which of ARGO's wires to use.")
    routes: Mapping[str, str] = _key(
        _NOTHING, kinds.ROUTES, "Wires for single models: a model or a pattern, to gateway, native or openai."
    )
    default_chat_model: str | None = _key(None, kinds.NAME, "Model of a chat request that names none.")
    default_embedding_model: str | None = _key(None, kinds.NAME, "Model of an embedding request that names none.")
    unknown_model_fallback: str | None = _key(None, kinds.NAME, "Model that serves requests for a model nobody knows.")
    fallbacks: Mapping[str, tuple[str, ...]] = _key(
        _NO_FALLBACKS, kinds.FALLBACKS, "Models that serve when ARGO can't with another one: model to models."
    )
    model_aliases: Mapping[str, str] = _key(_NOTHING, kinds.ALIASES, "More names for models: name to model.")
    abilities: Mapping[str, Mapping[str, Any]] = _key(
        _NO_ABILITIES, ABILITIES, "What models take, over what is known: model or pattern to abilities."
    )
    model_refresh_interval_hours: float = _key(
        24.0, kinds.number("hours"), "Hours between two readings of ARGO's model list; 0: never."
    )
    request_timeout: float | None = _key(
        None, kinds.number("seconds", above=True), "Seconds a whole reply may take; unset: any time."
    )
    connect_timeout: float = _key(
        10.0, kinds.number("seconds", above=True), "Seconds a connection to ARGO may take to open."
    )
    max_upstream: Mapping[str, int] = _key(
        _NO_PLACES, kinds.PLACES, "Calls made at once, on each wire, by all workers; others wait in a fair queue."
    )
    max_queue: int | None = _key(None, kinds.whole(0), "Requests that may wait for that, on each wire; unset: any.")
    max_queue_wait: float | None = _key(
        None, kinds.number("seconds", above=True), "Seconds that a request may wait for that; unset: any time."
    )
    first_byte_timeout: float | None = _key(
        None, kinds.number("seconds", above=True), "Seconds until ARGO's reply must begin; unset: any time."
    )
    idle_timeout: float | None = _key(
        None, kinds.number("seconds", above=True), "Seconds ARGO may be silent in its reply; unset: any time."
    )
    breaker: bool = _key(
        False, kinds.SWITCH, "Whether calls fail at once while ARGO can't be reached; always with several environments."
    )
    keepalive_interval: float = _key(
        15.0, kinds.number("seconds"), "Seconds of silence on a stream after which a ping is sent; 0: never."
    )
    shutdown_grace: float = _key(30.0, kinds.number("seconds"), "Seconds that running requests get to end on shutdown.")
    drain_delay: float = _key(
        0.0, kinds.number("seconds"), "Seconds to serve on at shutdown, while /health/ready says 503 to load balancers."
    )
    send_timeout: float = _key(
        600.0, kinds.number("seconds"), "Seconds a client may read nothing of what there is for it; 0: any time."
    )
    max_connections: int | None = _key(
        None, kinds.whole(1), "Connections that clients may have, to all workers; unset: any number."
    )
    max_connections_per_address: int | None = _key(
        None, kinds.whole(1), "Connections from one address to each worker; unset: any number."
    )
    max_body_mb: float = _key(100.0, kinds.number("megabytes", above=True), "Largest request body taken, in megabytes.")
    log_format: LogFormat = _key("text", kinds.choice(*get_args(LogFormat)), "Form of the log's lines.")
    log_max_mb: float = _key(10.0, kinds.number("megabytes", above=True), "Size at which the log file is rotated.")
    log_keep: int = _key(5, kinds.whole(1), "Number of rotated log files that are kept.")
    verbose: bool = _key(False, kinds.SWITCH, "Whether the log tells more, such as the shape of requests.")
    quiet: bool = _key(False, kinds.SWITCH, "Whether the log tells only of trouble.")
    strict_params: bool = _key(
        False, kinds.SWITCH, "Whether a parameter that ARGO can't honour is refused, not left out."
    )
    username_passthrough: bool = _key(
        False, kinds.SWITCH, "Whether ARGO is asked in the name that each client gives as its key, and never in yours."
    )
    keys: tuple[ApiKey, ...] = _key((), API_KEYS, "Keys of clients; if there are any, nothing is served without one.")
    keys_file: str | None = _key(
        None, kinds.FILE, "File with more keys, for nobody else to read; read again when it changes."
    )
    limits: Mapping[str, Limits] = _key(_NO_LIMITS, LIMITS, "Limits for each user and each address.")
    limits_store: str | None = _key(
        None, kinds.STORE, "Redis or Valkey that keeps what is used of limits, for several proxies; unset: memory."
    )
    limits_store_password: str | None = _key(None, kinds.NAME, "Its password, where the address has none.")
    limits_when_away: Unlimited = _key(
        "closed", kinds.choice(*get_args(Unlimited)), "While it is away requests are served unlimited, or refused."
    )
    image_fetch: ImageFetch = _key(
        "public", kinds.choice(*get_args(ImageFetch)), "Which addresses of images are fetched: public ones, any, none."
    )
    max_image_mb: float | None = _key(
        None, kinds.number("megabytes", above=True), "Size above which an image is made smaller; unset: never."
    )
    honour_client_timeouts: bool = _key(
        False, kinds.SWITCH, "Whether the read timeout that an SDK tells is an upper bound for the reply."
    )
    update_check: bool = _key(True, kinds.SWITCH, "Whether a newer version is looked for once a day.")
    update_package: str = _key("argoproxy", kinds.PACKAGE, "Name of the package to look for.")
    upstream_transport: Transport = _key(
        "llhttp", kinds.choice(*get_args(Transport)), "Who carries calls to ARGO: our own HTTP client, or Twisted's."
    )
    resolve_overrides: Mapping[str, str] = _key(
        _NOTHING, kinds.RESOLVE, 'IP addresses to connect to: "host:port" to address; the name is kept for TLS.'
    )
    ca_file: str | None = _key(
        None, kinds.FILE, "File of certificates (PEM) that vouch for ARGO (and a rediss:// store), not the system's."
    )
    upstream_proxy: str | None = _key(
        None, kinds.PROXY, "Forward proxy that leads to ARGO; what the environment says of one is ignored."
    )
    simulator: SimulatorOptions = _key(
        SimulatorOptions(), _SIMULATOR, "Play ARGO in this process: true, or a mapping with enabled and its settings."
    )
    use_simulator: bool = _key(False, kinds.SWITCH, "Whether ARGO is played in this process.", alias="simulator")
    notices: tuple[str, ...] = ()
    source: str | None = None

    @property
    def most_bytes(self) -> int:
        """The largest body that a client may send."""
        return int(self.max_body_mb * 1_000_000)

    @property
    def base_url(self) -> str:
        """Base of ARGO's addresses, without a slash at its end."""
        return self.argo_base_url or BASES[self.environment[0]]

    @property
    def chat_url(self) -> str:
        """The gateway's chat call."""
        return self.argo_url or f"{self.base_url}/api/v1/resource/chat/"

    @property
    def stream_url(self) -> str:
        """The gateway's streamed chat call."""
        return self.argo_stream_url or f"{self.base_url}/api/v1/resource/streamchat/"

    @property
    def embed_url(self) -> str:
        """The gateway's embedding call."""
        return self.argo_embedding_url or f"{self.base_url}/api/v1/resource/embed/"

    @property
    def models_url(self) -> str:
        """The gateway's model list."""
        return self.argo_model_url or f"{self.base_url}/api/v1/models/"

    @property
    def native_base(self) -> str:
        """What the paths of the native wires follow, such as C{/chat/completions} and C{/messages}."""
        return f"{self.base_url}/v1"

    @property
    def alone(self) -> tuple[Config, ...]:
        """The same for each environment by itself, in their order."""
        return tuple(attrs.evolve(self, environment=(one,)) for one in dict.fromkeys(self.environment))

    def at(self, base_url: str) -> Config:
        """The same, with every call going to one base: how the simulator is put in ARGO's place."""
        single: dict[str, Any] = dict.fromkeys((*ENDPOINTS, "upstream_proxy"))
        return attrs.evolve(self, argo_base_url=base_url, environment=self.environment[:1], **single)


KEYS = keys_of(Config)
