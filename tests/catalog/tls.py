"""TLS in front of a server that has none."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

CHUNK = 65_536


def self_signed(openssl: str, folder: Path) -> Path:
    """A new certificate for 127.0.0.1 that nobody else signed, with its key, in one file."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    files = ["-out", str(certificate), "-keyout", str(key)]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", *files],
        check=True,
        capture_output=True,
    )
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    return certificate


@contextlib.contextmanager
def tls_in_front_of(port: int, certificate: Path) -> Iterator[int]:
    """A port of 127.0.0.1 that speaks TLS with this certificate and passes the plain bytes on to another."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, context, port), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            accepted, _ = listener.accept()
            threading.Thread(target=_connect, args=(accepted, context, port), daemon=True).start()


def _connect(accepted: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with (
        contextlib.suppress(OSError),
        accepted,
        context.wrap_socket(accepted, server_side=True) as near,
        socket.create_connection(("127.0.0.1", port)) as far,
    ):
        while _passed_on(near, far):
            pass


def _passed_on(near: ssl.SSLSocket, far: socket.socket) -> bool:
    """Pass on what has arrived on either side; False when a side is done."""
    arrived = [near] if near.pending() else select.select([near, far], [], [])[0]
    for source in arrived:
        received = source.recv(CHUNK)
        if not received:
            return False
        (far if source is near else near).sendall(received)
    return True
