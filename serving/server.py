"""Running the application, in this process or in several below it."""

import gc
import logging
import os
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from fastapi import FastAPI

from execution.letters.signed_link import LinkSigner
from serving.app import create_app
from serving.connection import BoundedConnection, ConfigWithLimits, ConnectionLimits
from serving.headers import OF_EVERY_ANSWER, OVER_TLS
from serving.listening import TlsFiles, address_of, listening
from serving.log import LogFormat, prepare_log
from serving.safe_address import require_safe_address
from serving.settings import ServingSettings, serving_settings
from serving.supervisor import Supervisor, end_with_supervisor
from serving.webhook_endpoint import WebhookEndpoint
from serving.worker_metrics import FOLDER_VARIABLE
from store.opening import open_decision_store, open_event_store, open_key_store

_log = logging.getLogger("forbear.serving")
# one that does not answer its supervisor so long is started anew; imports take seconds
_WORKER_TIMEOUT_S = 120
_NEW_OBJECTS = 10_000  # of some 400 scores; then the collector looks for cycles


def run(
    host: str,
    port: int,
    settings: ServingSettings | None = None,
    *,
    n_workers: int = 1,
    tls: TlsFiles | None = None,
) -> None:
    """Serve until a signal ends it; each worker is a process with one event loop.

    Raises:
        AddressNotFreeError, TlsFilesError: it cannot listen there, or not by them.
        StoreUnavailableError: the store is.
        BadSettingError: an address that the service is to call is.
    """
    # a one-row prediction must not wake a thread pool: 6 ms instead of 30 µs when
    # another process keeps a core busy
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    settings = settings or serving_settings()
    prepare_process(settings.log_format)
    os.umask(0o077)  # what is written here is about customers
    if tls is not None:
        tls.require_usable()
    with listening(host, port) as listener:
        # refused here it is one line for people; in the lifespan it is a traceback
        open_key_store(*settings.store).close()
        open_decision_store(*settings.store).close()
        open_event_store(*settings.store).close()
        _check_outgoing(settings)
        scheme = "https" if tls else "http"
        _log.info("listening at %s://%s", scheme, address_of(listener))
        if n_workers == 1:
            config = service_config(settings, n_workers, tls)
            uvicorn.Server(config).run(sockets=[listener])
            return
        with TemporaryDirectory(prefix="forbear-") as folder:
            os.environ[FOLDER_VARIABLE] = folder  # for the workers, who import anew
            config = service_config(settings, n_workers, tls, Path(folder))
            Supervisor(config, [listener]).run()


def _check_outgoing(settings: ServingSettings) -> None:
    """Raises BadSettingError where the service could not call whom it is to call.

    And BadLinkKeyError where the links of letters could be guessed.
    """
    WebhookEndpoint.all_of(settings)
    LinkSigner.of(settings.link_keys)
    if settings.traces_endpoint is not None:
        # plain http: a collector runs beside the service, and no span names a customer
        endpoint = settings.traces_endpoint
        require_safe_address("traces_endpoint", endpoint, may_be_plain=True)
        import_module("serving.tracing")
    if settings.oidc_issuer is not None:
        from serving.tokens import Tokens

        Tokens(settings.oidc_issuer, settings)


def prepare_process(log_format: LogFormat) -> None:
    """What is said once in each process that serves."""
    # the thread that records needs the interpreter some ten times a commit; by default
    # a busy event loop lets it wait 5 ms each time
    sys.setswitchinterval(0.0005)
    # what was imported stays: to walk it again and again is a tenth of the start
    gc.freeze()
    # a score makes more objects than the usual 700 and leaves no cycle of them: to look
    # for cycles at every third score took some 3 % of all its processor time
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
    prepare_log(log_format)


def worker_app(settings: ServingSettings, shared: Path | None) -> FastAPI:
    """The app of one worker, made in its own process."""
    prepare_process(settings.log_format)
    if shared is not None:  # one of several
        end_with_supervisor()
    return create_app(settings, shared)


def service_config(
    settings: ServingSettings,
    n_workers: int,
    tls: TlsFiles | None,
    shared: Path | None = None,
) -> ConfigWithLimits:
    """How the service listens and for how long, as uvicorn takes it."""
    return ConfigWithLimits(
        ConnectionLimits.of(settings),
        partial(worker_app, settings, shared),
        factory=True,
        workers=n_workers,
        http=BoundedConnection,
        headers=[*OF_EVERY_ANSWER, *(OVER_TLS if tls else ())],
        ws="none",
        proxy_headers=settings.trusted_proxies is not None,
        forwarded_allow_ips=settings.trusted_proxies or "",
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.shutdown_timeout_s,
        timeout_worker_healthcheck=_WORKER_TIMEOUT_S,
        ssl_certfile=tls and tls.certificate,
        ssl_keyfile=tls and tls.key,
        access_log=False,  # addresses may hold customer ids; metrics count instead
        log_config=None,
        server_header=False,
    )
