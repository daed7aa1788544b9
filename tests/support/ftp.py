"""FTP for a whole tree, in binary mode and in the text mode (TYPE A) that changes line ends; RFC 959, section 3.1.1."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from ftplib import FTP
from pathlib import Path
from threading import Thread

_ACCOUNT = "u81", "secret"


@contextmanager
def served(folder: Path) -> Iterator[FTP]:
    """Yield a client of an FTP server that serves this folder as long as the block lasts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the event loop that it brings along
        from pyftpdlib.authorizers import DummyAuthorizer
        from pyftpdlib.handlers import FTPHandler
        from pyftpdlib.servers import FTPServer

    accounts = DummyAuthorizer()
    accounts.add_user(*_ACCOUNT, str(folder), perm="elradfmwM")
    handler = type("Handler", (FTPHandler,), {"authorizer": accounts})
    server = FTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"timeout": 0.2, "handle_exit": False})
    thread.start()
    try:
        with FTP() as client:
            client.encoding = "utf-8"
            client.connect("127.0.0.1", server.address[1], timeout=30)
            client.login(*_ACCOUNT)
            yield client
    finally:
        server.close_all()
        thread.join()


def upload(folder: Path, client: FTP, *, text: bool = False) -> None:
    """Send a tree file by file; in ``text`` mode a client that has the line ends of FTP sends files as they are."""
    for at, folders, files in os.walk(folder):
        below = os.path.relpath(at, folder)
        for name in sorted(folders):
            client.mkd(os.path.normpath(f"/{below}/{name}"))
        for name in sorted(files):
            client.voidcmd("TYPE A" if text else "TYPE I")
            with client.transfercmd(f"STOR {os.path.normpath(f'/{below}/{name}')}") as line:
                line.sendall((Path(at) / name).read_bytes())
            client.voidresp()


def download(folder: Path, client: FTP, into: Path, *, text: bool = False) -> None:
    """Fetch the tree that ``folder`` is on the server; in ``text`` mode a client writes down what it gets."""
    for at, folders, files in os.walk(folder):
        below = os.path.relpath(at, folder)
        for name in ("", *folders):
            (into / below / name).mkdir(parents=True, exist_ok=True)
        for name in sorted(files):
            client.voidcmd("TYPE A" if text else "TYPE I")
            path = os.path.normpath(f"/{below}/{name}")
            with client.transfercmd(f"RETR {path}") as line, (into / below / name).open("wb") as stream:
                while block := line.recv(2**16):
                    stream.write(block)
            client.voidresp()
