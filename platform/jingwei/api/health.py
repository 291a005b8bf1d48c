"""Alive, ready, and figures for Prometheus; no login."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from flask import Blueprint, Flask, Response, abort, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from jingwei.api.json import answer
from jingwei.services.platform import Platform
from jingwei.storage.outbox import waiting
from jingwei.storage.patience import answers, patiently
from jingwei.web import current

blueprint = Blueprint("health", __name__)

LOOPBACK = ("127.0.0.1", "::1")
LATE_SECONDS = 60  # an outbox older than this is not being worked on
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers; nothing else is asked."""
    return answer({"status": "alive"})


@blueprint.get("/readyz")
def ready() -> Response:
    """Database, release and worker, each by name; 503 until all are."""
    platform = current()
    checks = {"database": _database(platform), "release": False, "worker": False}
    if checks["database"]:
        checks["release"] = _release(platform)
        checks["worker"] = _worker(platform)
    good = all(checks.values())
    return answer(
        {"status": "ready" if good else "not-ready", "checks": checks}, 200 if good else 503
    )


def _database(platform: Platform) -> bool:
    def ask() -> bool:
        with platform.database.reading() as connection:
            return answers(connection)

    return patiently(ask) is True


def _release(platform: Platform) -> bool:
    try:
        return platform.active.current.release.id > 0
    except LookupError:
        return False


def _worker(platform: Platform) -> bool:
    def ask() -> bool:
        now = platform.clock.now()
        with platform.database.reading() as connection:
            _, oldest, _ = waiting(connection, now)
        return oldest is None or (now - oldest).total_seconds() < LATE_SECONDS

    return patiently(ask) is True


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text, for this machine or with the token; otherwise there is no such page."""
    if not _may_measure():
        abort(404)
    figures: Figures = current_app.extensions["jingwei.figures"]
    return Response(generate_latest(figures.registry), mimetype="text/plain; version=0.0.4")


def _may_measure() -> bool:
    wanted = current().settings.metrics_token
    if wanted:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), wanted.encode())
    # Behind a proxy on this machine everybody comes from the loopback.
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return request.remote_addr in LOOPBACK and not forwarded


class OutboxFigures:
    """How much waits, asked when Prometheus asks."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def collect(self) -> Iterator[Metric]:
        def ask() -> tuple[int, int, float]:
            now = self._platform.clock.now()
            with self._platform.database.reading() as connection:
                ready, oldest, dead = waiting(connection, now)
            return ready, dead, (now - oldest).total_seconds() if oldest else 0.0

        found = patiently(ask)
        if found is None:
            return
        ready, dead, lag = found
        yield GaugeMetricFamily("jingwei_outbox_ready", "Messages that wait", value=ready)
        yield GaugeMetricFamily("jingwei_outbox_dead", "Messages given up", value=dead)
        yield GaugeMetricFamily("jingwei_outbox_lag_seconds", "Age of the oldest", value=lag)


@dataclass(slots=True)
class Figures:
    """Counters of one application."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    seconds: Histogram = field(init=False)

    def __post_init__(self) -> None:
        self.requests = Counter(
            "jingwei_requests", "Requests", ["endpoint", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "jingwei_request_seconds",
            "Time to answer",
            ["endpoint"],
            registry=self.registry,
            buckets=BUCKETS,
        )


def measure(app: Flask, platform: Platform) -> None:
    """Count and time every request of this application."""
    figures = Figures()
    figures.registry.register(OutboxFigures(platform))
    app.extensions["jingwei.figures"] = figures

    def begin() -> None:
        g.began = time.perf_counter()

    def end(response: Response) -> Response:
        endpoint = request.endpoint or "unknown"
        figures.requests.labels(endpoint, response.status_code).inc()
        began = g.get("began")
        if began is not None:
            figures.seconds.labels(endpoint).observe(time.perf_counter() - began)
        return response

    app.before_request(begin)
    app.after_request(end)
