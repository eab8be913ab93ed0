"""What ``/metrics`` tells, in Prometheus' format. Labels are names of routes and models, never what a client wrote."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from foveal.serve.models import Models
from foveal.version import __version__

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
TYPE = CONTENT_TYPE_LATEST


class Measures:
    """Counters of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._requests = Counter(
            "foveal_requests", "Requests by model, route and status.", ["model", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "foveal_request_seconds",
            "From a request's header to the end of its response.",
            ["model"],
            buckets=SECONDS,
            registry=registry,
        )
        self._refused = Counter("foveal_refused", "Refused requests by reason.", ["model", "reason"], registry=registry)
        self._batches = Histogram(
            "foveal_batch_images", "Images in a call of the network.", ["model"], buckets=BATCHES, registry=registry
        )
        self._network = Histogram(
            "foveal_network_seconds", "Seconds of a call of the network.", ["model"], buckets=SECONDS, registry=registry
        )
        self._inside = Gauge(
            "foveal_images_inside", "Images being decoded, waiting or predicted on.", ["model"], registry=registry
        )
        self._opened = Gauge(
            "foveal_model_opened_seconds", "When the model was opened, since 1970.", ["model"], registry=registry
        )
        self._reloads = Counter("foveal_reloads", "Models opened anew.", ["model", "outcome"], registry=registry)
        Gauge("foveal_info", "Version.", ["version"], registry=registry).labels(__version__).set(1)

    def request(self, model: str, route: str, status: int, seconds: float, reason: str = "") -> None:
        """A response was sent."""
        self._requests.labels(model, route, str(status)).inc()
        if model:
            self._seconds.labels(model).observe(seconds)
        if reason:
            self._refused.labels(model, reason).inc()

    def batch(self, model: str, images: int, seconds: float) -> None:
        """A network was called."""
        self._batches.labels(model).observe(images)
        self._network.labels(model).observe(seconds)

    def reload(self, model: str, *, done: bool) -> None:
        """A model was opened anew, or could not be."""
        self._reloads.labels(model, "done" if done else "failed").inc()

    def text(self, models: Models) -> bytes:
        """All of it."""
        for name, live in models.live.items():
            self._inside.labels(name).set(live.batcher.inside)
            self._opened.labels(name).set(live.opened_s)
        return generate_latest(self.registry)
