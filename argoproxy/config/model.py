"""
The configuration: every key with its type, its default, what it wants and the sentence that documents it.

A key is one line of a class below; the file, the environment, the options and the table in the documentation all follow
from that line. Where values come from stays out: see L{argoproxy.config.layers}.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

import msgspec

from argoproxy.config import kinds
from argoproxy.config.abilities import ABILITIES
from argoproxy.config.faults import ConfigFault, Misfit, UnknownKey
from argoproxy.config.keys import API_KEYS, LIMITS, ApiKey
from argoproxy.config.kinds import Kind
from argoproxy.conversation import Limits

# What is annotated is read here, so annotations are no texts in this module.
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


class Key(msgspec.Struct, frozen=True):
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


class _Told(msgspec.Struct, frozen=True):
    """
    In the annotation of a field, tells that it is a key.

    @ivar alias: the key's name in the environment and among the options, where a file has it in another place.
    @ivar option: the name of its option, where that is another.
    """

    kind: Kind
    doc: str
    alias: str = ""
    option: str = ""


@cache
def keys_of(owner: type[msgspec.Struct]) -> tuple[Key, ...]:
    """The keys that a class declares, in their order."""
    return tuple(
        _described(name, default, told)
        for name, default in zip(owner.__struct_fields__, owner.__struct_defaults__, strict=True)
        for told in getattr(owner.__annotations__[name], "__metadata__", ())
    )


def _described(field: str, default: object, told: _Told) -> Key:
    name = told.alias or field
    return Key(
        name=field,
        kind=told.kind,
        doc=told.doc,
        default=default,
        in_file=not told.alias,
        variable=f"ARGOPROXY_{name.upper()}" if told.kind.parse else None,
        option="--" + (told.option or name).replace("_", "-"),
    )


class _Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Checks and freezes what its keys are given, also where an embedder builds it without a file."""

    def __post_init__(self) -> None:
        for key in keys_of(type(self)):
            value = getattr(self, key.name)
            if value is not key.default:
                msgspec.structs.force_setattr(self, key.name, _kept(key, value))


def _kept(key: Key, value: object) -> object:
    """@raise ConfigFault: it is not of the key's kind."""
    try:
        return key.kind.read(value)
    except Misfit as misfit:
        raise ConfigFault(misfit.under(key.name).sentence()) from None


class SimulatorOptions(_Checked, frozen=True, kw_only=True):
    """How the simulator inside the proxy's process behaves, when it is on."""

    first_byte_delay: Annotated[
        float, _Told(kinds.number("seconds"), "Seconds before the first byte of a reply.")
    ] = 0.0
    chunk_delay: Annotated[float, _Told(kinds.number("seconds"), "Seconds between the pieces of a stream.")] = 0.0
    chunk_size: Annotated[int, _Told(kinds.whole(1), "Size of a stream's pieces.")] = 24
    cut_characters: Annotated[
        bool, _Told(kinds.SWITCH, "Whether a piece may end inside a multi-byte character.")
    ] = False
    fault: Annotated[str | None, _Told(kinds.NAME, "Name of a fault that every reply shows.")] = None


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


class Config(_Checked, frozen=True, kw_only=True):
    """
    Everything that can be set. Built directly (embedding) or by L{argoproxy.config.load}; both check every value.

    @ivar notices: what the operator should know about where the values came from, a line each, for the log.
    @ivar source: absolute path of the file that was read.
    @raise ConfigFault: on building, a value that its key doesn't take.
    """

    user: Annotated[str | None, _Told(kinds.USER, "Your ARGO (ANL) user name; the simulator needs none.")] = None
    host: Annotated[str, _Told(kinds.HOST, "Interface to listen on.")] = "127.0.0.1"
    port: Annotated[int, _Told(kinds.whole(0, 65535), "Port to listen on; 0 takes any free one.")] = 44497
    listen: Annotated[
        tuple[str, ...], _Told(kinds.LISTEN, "Twisted endpoints to listen on, in place of host and port.")
    ] = ()
    allowed_hosts: Annotated[
        tuple[str, ...],
        _Told(kinds.HOSTS, "Names to be called by, beside localhost and addresses; unset: on loopback none, else any."),
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...], _Told(kinds.ORIGINS, "Origins whose web pages may call; unset: the proxy's own.")
    ] = ()
    workers: Annotated[
        int, _Told(kinds.whole(1, 256), "Number of processes that serve; several need Linux and TCP.")
    ] = 1
    environment: Annotated[
        tuple[str, ...],
        _Told(kinds.several(kinds.choice(*BASES), least=1), "Which of ARGO's environments to use, the best first."),
    ] = ("dev",)
    argo_base_url: Annotated[
        str | None, _Told(kinds.BASE_URL, "Base of ARGO's addresses; wins over environment.", option="argo_url")
    ] = None
    argo_url: Annotated[str | None, _Told(kinds.URL, "Address of the gateway's chat call alone.")] = None
    argo_stream_url: Annotated[
        str | None, _Told(kinds.URL, "Address of the gateway's streamed chat call alone.")
    ] = None
    argo_embedding_url: Annotated[str | None, _Told(kinds.URL, "Address of the gateway's embedding call alone.")] = None
    argo_model_url: Annotated[str | None, _Told(kinds.URL, "Address of the gateway's model list alone.")] = None
    upstream: Annotated[Upstream, _Told(kinds.choice(*get_args(Upstream)), "Which of ARGO's wires to use.")] = "auto"
    routes: Annotated[
        Mapping[str, str],
        _Told(kinds.ROUTES, "Wires for single models: a model or a pattern, to gateway, native or openai."),
    ] = _NOTHING
    default_chat_model: Annotated[str | None, _Told(kinds.NAME, "Model of a chat request that names none.")] = None
    default_embedding_model: Annotated[
        str | None, _Told(kinds.NAME, "Model of an embedding request that names none.")
    ] = None
    unknown_model_fallback: Annotated[
        str | None, _Told(kinds.NAME, "Model that serves requests for a model nobody knows.")
    ] = None
    fallbacks: Annotated[
        Mapping[str, tuple[str, ...]],
        _Told(kinds.FALLBACKS, "Models that serve when ARGO can't with another one: model to models."),
    ] = _NO_FALLBACKS
    model_aliases: Annotated[
        Mapping[str, str], _Told(kinds.ALIASES, "More names for models: name to model.")
    ] = _NOTHING
    abilities: Annotated[
        Mapping[str, Mapping[str, Any]],
        _Told(ABILITIES, "What models take, over what is known: model or pattern to abilities."),
    ] = _NO_ABILITIES
    model_refresh_interval_hours: Annotated[
        float, _Told(kinds.number("hours"), "Hours between two readings of ARGO's model list; 0: never.")
    ] = 24.0
    request_timeout: Annotated[
        float | None, _Told(kinds.number("seconds", above=True), "Seconds a whole reply may take; unset: any time.")
    ] = None
    connect_timeout: Annotated[
        float, _Told(kinds.number("seconds", above=True), "Seconds a connection to ARGO may take to open.")
    ] = 10.0
    max_upstream: Annotated[
        Mapping[str, int],
        _Told(kinds.PLACES, "Calls made at once, on each wire, by all workers; others wait in a fair queue."),
    ] = _NO_PLACES
    max_queue: Annotated[
        int | None, _Told(kinds.whole(0), "Requests that may wait for that, on each wire; unset: any.")
    ] = None
    max_queue_wait: Annotated[
        float | None,
        _Told(kinds.number("seconds", above=True), "Seconds that a request may wait for that; unset: any time."),
    ] = None
    first_byte_timeout: Annotated[
        float | None,
        _Told(kinds.number("seconds", above=True), "Seconds until ARGO's reply must begin; unset: any time."),
    ] = None
    idle_timeout: Annotated[
        float | None,
        _Told(kinds.number("seconds", above=True), "Seconds ARGO may be silent in its reply; unset: any time."),
    ] = None
    breaker: Annotated[
        bool,
        _Told(
            kinds.SWITCH, "Whether calls fail at once while ARGO can't be reached; always with several environments."
        ),
    ] = False
    keepalive_interval: Annotated[
        float, _Told(kinds.number("seconds"), "Seconds of silence on a stream after which a ping is sent; 0: never.")
    ] = 15.0
    shutdown_grace: Annotated[
        float, _Told(kinds.number("seconds"), "Seconds that running requests get to end on shutdown.")
    ] = 30.0
    drain_delay: Annotated[
        float,
        _Told(
            kinds.number("seconds"), "Seconds to serve on at shutdown, while /health/ready says 503 to load balancers."
        ),
    ] = 0.0
    send_timeout: Annotated[
        float, _Told(kinds.number("seconds"), "Seconds a client may read nothing of what there is for it; 0: any time.")
    ] = 600.0
    max_connections: Annotated[
        int | None, _Told(kinds.whole(1), "Connections that clients may have, to all workers; unset: any number.")
    ] = None
    max_connections_per_address: Annotated[
        int | None, _Told(kinds.whole(1), "Connections from one address to each worker; unset: any number.")
    ] = None
    max_body_mb: Annotated[
        float, _Told(kinds.number("megabytes", above=True), "Largest request body taken, in megabytes.")
    ] = 100.0
    log_format: Annotated[LogFormat, _Told(kinds.choice(*get_args(LogFormat)), "Form of the log's lines.")] = "text"
    log_max_mb: Annotated[
        float, _Told(kinds.number("megabytes", above=True), "Size at which the log file is rotated.")
    ] = 10.0
    log_keep: Annotated[int, _Told(kinds.whole(1), "Number of rotated log files that are kept.")] = 5
    verbose: Annotated[bool, _Told(kinds.SWITCH, "Whether the log tells more, such as the shape of requests.")] = False
    quiet: Annotated[bool, _Told(kinds.SWITCH, "Whether the log tells only of trouble.")] = False
    strict_params: Annotated[
        bool, _Told(kinds.SWITCH, "Whether a parameter that ARGO can't honour is refused, not left out.")
    ] = False
    username_passthrough: Annotated[
        bool,
        _Told(kinds.SWITCH, "Whether ARGO is asked in the name that each client gives as its key, and never in yours."),
    ] = False
    keys: Annotated[
        tuple[ApiKey, ...], _Told(API_KEYS, "Keys of clients; if there are any, nothing is served without one.")
    ] = ()
    keys_file: Annotated[
        str | None, _Told(kinds.FILE, "File with more keys, for nobody else to read; read again when it changes.")
    ] = None
    limits: Annotated[Mapping[str, Limits], _Told(LIMITS, "Limits for each user and each address.")] = _NO_LIMITS
    limits_store: Annotated[
        str | None,
        _Told(kinds.STORE, "Redis or Valkey that keeps what is used of limits, for several proxies; unset: memory."),
    ] = None
    limits_store_password: Annotated[str | None, _Told(kinds.NAME, "Its password, where the address has none.")] = None
    limits_when_away: Annotated[
        Unlimited,
        _Told(kinds.choice(*get_args(Unlimited)), "While it is away requests are served unlimited, or refused."),
    ] = "closed"
    image_fetch: Annotated[
        ImageFetch,
        _Told(kinds.choice(*get_args(ImageFetch)), "Which addresses of images are fetched: public ones, any, none."),
    ] = "public"
    max_image_mb: Annotated[
        float | None,
        _Told(kinds.number("megabytes", above=True), "Size above which an image is made smaller; unset: never."),
    ] = None
    honour_client_timeouts: Annotated[
        bool, _Told(kinds.SWITCH, "Whether the read timeout that an SDK tells is an upper bound for the reply.")
    ] = False
    update_check: Annotated[bool, _Told(kinds.SWITCH, "Whether a newer version is looked for once a day.")] = True
    update_package: Annotated[str, _Told(kinds.PACKAGE, "Name of the package to look for.")] = "argoproxy"
    upstream_transport: Annotated[
        Transport,
        _Told(kinds.choice(*get_args(Transport)), "Who carries calls to ARGO: our own HTTP client, or Twisted's."),
    ] = "llhttp"
    resolve_overrides: Annotated[
        Mapping[str, str],
        _Told(kinds.RESOLVE, 'IP addresses to connect to: "host:port" to address; the name is kept for TLS.'),
    ] = _NOTHING
    ca_file: Annotated[
        str | None,
        _Told(kinds.FILE, "File of certificates (PEM) that vouch for ARGO (and a rediss:// store), not the system's."),
    ] = None
    upstream_proxy: Annotated[
        str | None, _Told(kinds.PROXY, "Forward proxy that leads to ARGO; what the environment says of one is ignored.")
    ] = None
    simulator: Annotated[
        SimulatorOptions,
        _Told(_SIMULATOR, "Play ARGO in this process: true, or a mapping with enabled and its settings."),
    ] = SimulatorOptions()
    use_simulator: Annotated[
        bool, _Told(kinds.SWITCH, "Whether ARGO is played in this process.", alias="simulator")
    ] = False
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
    def alone(self) -> "tuple[Config, ...]":
        """The same for each environment by itself, in their order."""
        return tuple(msgspec.structs.replace(self, environment=(one,)) for one in dict.fromkeys(self.environment))

    def at(self, base_url: str) -> "Config":
        """The same, with every call going to one base: how the simulator is put in ARGO's place."""
        single: dict[str, Any] = dict.fromkeys((*ENDPOINTS, "upstream_proxy"))
        return msgspec.structs.replace(self, argo_base_url=base_url, environment=self.environment[:1], **single)


KEYS = keys_of(Config)
