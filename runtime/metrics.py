"""Every metric there is, with unit and meaning. The set is closed, so that a dashboard can rely on it.

Names start with `ml_connector_`; times are seconds, sizes bytes. Labels never contain an object's id, a key, a body or a secret.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest

REGISTRY = CollectorRegistry()
ProcessCollector("ml_connector", registry=REGISTRY)
_FAST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

BUILD = Info("ml_connector_build", "The version of the product and of Python that is running here.", registry=REGISTRY)
READY = Gauge("ml_connector_ready", "1: the process can do its work now; if not, /readyz says why.", registry=REGISTRY)
LAG = Gauge(
    "ml_connector_lag_records",
    "Records of a topic that a group has not committed, without transaction markers, in the partitions of this process.",
    ("group", "topic"),
    registry=REGISTRY,
)
OLDEST = Gauge(
    "ml_connector_lag_oldest_seconds", "Age of the oldest record that was read and is not committed.", ("group",), registry=REGISTRY
)
DEAD = Counter("ml_connector_dead_records", "Records put on `dead` by this process.", ("stage",), registry=REGISTRY)
WEBHOOK_LAST = Gauge(
    "ml_connector_webhook_last_timestamp_seconds",
    "When the last signed webhook of a connection was stored, in seconds since the epoch.",
    ("connection",),
    registry=REGISTRY,
)
FEED_READ = Gauge(
    "ml_connector_feed_read_timestamp_seconds",
    "When a feed was last read to its end, in seconds since the epoch.",
    ("connection", "system", "feed"),
    registry=REGISTRY,
)

INGRESS_ANSWERS = Counter(
    "ml_connector_ingress_answers",
    "Answers of ingress by status; `reason` says why one was not 200.",
    ("status", "reason"),
    registry=REGISTRY,
)
INGRESS_SECONDS = Histogram(
    "ml_connector_ingress_seconds", "Time from a complete request to its delivery report.", buckets=_FAST_S, registry=REGISTRY
)
INGRESS_CONNECTIONS = Gauge("ml_connector_ingress_connections", "Open connections at ingress.", registry=REGISTRY)
INGRESS_BODY_BYTES = Gauge("ml_connector_ingress_body_bytes", "Bytes of bodies in flight at ingress.", registry=REGISTRY)
INGRESS_EVICTED = Counter(
    "ml_connector_ingress_evicted",
    "Connections closed in favour of others: too many of one address (address) or in total (connections), too many new ones of one address "
    "(rate), too much memory for bodies (memory).",
    ("reason",),
    registry=REGISTRY,
)
INGRESS_REPLAYS = Counter(
    "ml_connector_ingress_replays", "Verified bodies that were stored a moment ago and are not stored again.", registry=REGISTRY
)
INGRESS_CLOSED = Counter(
    "ml_connector_ingress_closed", "Connections closed at their deadline, without an answer.", registry=REGISTRY
)
DELIVERY_FAILURES = Counter("ml_connector_delivery_failures", "Records that Kafka did not acknowledge.", registry=REGISTRY)
POLLED = Counter(
    "ml_connector_polled_records", "Elements of pages written to raw.", ("connection", "system", "feed"), registry=REGISTRY
)
POLLED_SEEN = Counter(
    "ml_connector_polled_seen_records",
    "Elements not written again: same id, version and bytes as a moment ago.",
    ("connection", "system", "feed"),
    registry=REGISTRY,
)
POLL_GAPS = Counter(
    "ml_connector_poll_gap_records",
    "Changes that no webhook reported and only the poller saw.",
    ("connection", "system", "feed"),
    registry=REGISTRY,
)
POLL_FAILURES = Counter(
    "ml_connector_poll_failures",
    "Pages and fetches that failed, by type of error (`runtime/errors.py`).",
    ("connection", "system", "feed", "error"),
    registry=REGISTRY,
)
POLL_RESTARTS = Counter(
    "ml_connector_poll_restarts",
    "Runs of a feed that could not continue: its continuation token was no longer valid (continuation) or led back to an earlier page (circle).",
    ("connection", "system", "feed", "reason"),
    registry=REGISTRY,
)
FEED_STOPPED = Gauge(
    "ml_connector_feed_stopped",
    "1: the feed waits for a person (credentials, permission).",
    ("connection", "system", "feed"),
    registry=REGISTRY,
)
FETCH_WAITING = Gauge(
    "ml_connector_fetch_waiting",
    "Objects that are to be fetched and have not been read yet.",
    ("connection", "system"),
    registry=REGISTRY,
)
FETCH_LEFT_OUT = Counter(
    "ml_connector_fetch_left_out",
    "Objects that webhooks and pushes named beyond the cap of their connection; the feeds read them.",
    ("connection", "system"),
    registry=REGISTRY,
)
CREDENTIALS_UNREADABLE = Gauge(
    "ml_connector_credentials_unreadable", "Credential sets that this key ring does not open.", registry=REGISTRY
)
THREAD_TROUBLE = Gauge(
    "ml_connector_thread_trouble",
    "1: this thread cannot read what it follows (configuration, credentials, controls), or has ended for good.",
    ("thread",),
    registry=REGISTRY,
)
FOLLOWED_UNREADABLE = Gauge(
    "ml_connector_followed_unreadable_records",
    "Records that this thread skipped since the start, because they could not be understood.",
    ("thread",),
    registry=REGISTRY,
)
RECORDS_REFUSED = Counter(
    "ml_connector_records_refused",
    "Records of connections, crosswalk, credentials and control that do not count: no valid signature, or an older version.",
    ("topic",),
    registry=REGISTRY,
)
HOP_RECORDS = Counter("ml_connector_hop_records", "Input records that a hop committed.", ("hop",), registry=REGISTRY)
HOP_OUTPUTS = Counter(
    "ml_connector_hop_outputs", "Records that a hop wrote, decisions and dead ones included.", ("hop",), registry=REGISTRY
)
HOP_REFUSING = Gauge(
    "ml_connector_hop_refusing",
    "1: nearly every record of this connection goes to `dead` (connection empty: of all connections that are not in force).",
    ("hop", "connection"),
    registry=REGISTRY,
)
HOP_FAILURES = Counter("ml_connector_hop_failures", "Batches of a hop that were tried again.", ("hop",), registry=REGISTRY)

SINK_COMMITS = Counter("ml_connector_sink_commits", "Transactions of a sink that were committed.", registry=REGISTRY)
SINK_COMMIT_FAILURES = Counter(
    "ml_connector_sink_commit_failures",
    "Transactions of a sink whose end is not known, by Kafka's name of the error; `_FENCED`: another owner has the partition.",
    ("error",),
    registry=REGISTRY,
)
SINK_TAKE_OVERS = Counter("ml_connector_sink_take_overs", "Command partitions that were taken.", ("system",), registry=REGISTRY)
SINK_REBUILD_LEFT = Gauge(
    "ml_connector_sink_rebuild_left_op_keys",
    "Op-keys of a lost ledger that have not been rebuilt yet.",
    ("system", "partition"),
    registry=REGISTRY,
)
SINK_UNACCOUNTED = Gauge(
    "ml_connector_sink_unaccounted_money",
    "Money of documents of which a sink has lost track; 0 unless something is broken.",
    ("system", "connection"),
    registry=REGISTRY,
)


def declared() -> list[Counter | Gauge | Histogram | Info]:
    """Every metric of this module."""
    return [one for one in globals().values() if isinstance(one, (Counter, Gauge, Histogram, Info))]


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
