"""Host names as they are asked for, and names in certificates that resemble them."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from webapp.demo.behaviours import https
from webapp.demo.der import der
from webapp.demo.loopback import Address, Lab
from webapp.demo.pki import issue

# What is asked for, 2,500 pairs in all: a minute for curl, and one for Chromium. Each pair gets a
# number of its own in place of "N", so that the server knows which pair is meant.
ASKED = (
    *(
        "sN.example",
        "a.sN.example",
        "a.b.sN.example",
        "a_b.sN.example",
        "_a.sN.example",
        "_.sN.example",
    ),
    *(
        "a.b_c.sN.example",
        "_a._b.sN.example",
        "a_b.c.d.sN.example",
        "aN_.example",
        "1.sN.example",
        "1.2.sN.example",
    ),
    *(
        "a--b.sN.example",
        "xn--bcher-kva.sN.example",
        "a.xn--bcher-kva.sN.example",
        "xn--bcher-kva-N.example",
    ),
    *(
        "sN.com",
        "a.sN.com",
        "sN.co.uk",
        "a.sN.co.uk",
        "sN.github.io",
        "a.sN.github.io",
        "a.b.c.d.e.sN.example",
    ),
    *(
        "A.sN.Example",
        "a.sN.example.",
        "sN.xn--p1ai",
        "a_b.sN.com",
        "a_b.sN.co.uk",
        "sN_a.co.uk",
        "sN_a.com",
    ),
)


def resembling(name: str) -> Iterator[str | bytes]:
    """Names that a certificate might hold: this name, with stars and other oddities at every
    place."""
    labels = name.lower().removesuffix(".").split(".")
    whole = ".".join(labels)
    yield from (
        whole,
        whole.upper(),
        f"{whole}.",
        f"{whole}..",
        f".{whole}",
        f" {whole}",
        f"{whole} ",
        f"*.{whole}",
    )
    yield from (
        f"*{whole}",
        f"{whole}*",
        f"x.{whole}",
        f"xn--{whole}",
        f"{whole}\0.evil.example",
        f"{whole}:443",
    )
    yield from (
        "",
        ".",
        "*",
        "*.",
        "**",
        "*.*",
        "127.0.0.1",
        f"https://{whole}",
        whole.replace("_", "-"),
    )
    yield from (".".join(["*"] * count) for count in range(1, len(labels) + 2))
    for place, label in enumerate(labels):
        before = labels[:place]
        after = labels[place + 1 :]
        for odd in (
            "*",
            "**",
            f"*{label}",
            f"{label}*",
            f"{label[0]}*",
            f"*{label[-1]}",
            f"{label[:1]}*{label[-1:]}",
        ):
            yield ".".join([*before, odd, *after])
        yield from (
            ".".join([*before, odd, *after])
            for odd in ("", "*_", "_*", "xn--*", "?", label.upper(), "x")
        )
        yield ".".join(["*", *after])  # in place of all labels up to here
        yield ".".join(["*", *after, ""])
        yield ".".join(["*", "*", *after])
        yield ".".join(["*", *after]).upper()
        yield ".".join(["*", *before, *after])
        yield ".".join([*before, *after])
        yield ".".join(["", *after])
    yield b"\xff" + whole.encode()
    yield whole.replace("xn--bcher-kva", "bücher").encode()


def pairs(templates: Sequence[str] = ASKED) -> list[tuple[str, bytes]]:
    """Every name asked for with every name that resembles it; no name is asked for twice."""
    made: list[tuple[str, bytes]] = []
    for template in templates:
        for number in range(len(set(resembling(template)))):
            asked = template.replace("N", f"{len(made)}")
            names = list(dict.fromkeys(resembling(asked)))
            if number < len(names):
                name = names[number]
                made.append((asked, name if isinstance(name, bytes) else name.encode()))
    return made


def san(*names: bytes) -> bytes:
    """The value of a SAN extension with these DNS names, whatever bytes they are."""
    return der(0x30, *(der(0x82, name) for name in names))


def serve(lab: Lab, sans: Mapping[str, bytes]) -> Address:
    """A server that shows to each of these host names a leaf with this SAN."""
    stock = issue("stock.lab.example", issuer=lab.intermediate)
    context = lab.context(stock, lab.intermediate)

    @cache
    def shown(asked: str) -> ssl.SSLContext:
        leaf = issue("leaf", issuer=lab.intermediate, key=stock.key, san=sans[asked])
        return lab.context(leaf, lab.intermediate)

    def choose(tls: ssl.SSLObject, asked: str | None, _: ssl.SSLContext) -> None:
        if asked in sans:
            tls.context = shown(asked)

    context.sni_callback = choose
    return lab.listen("name-pairs.example", https(context))


def curl_codes(curl: str, lab: Lab, address: Address, hosts: Sequence[str]) -> dict[str, int]:
    """curl's exit code for each of these host names, which are all at this address."""
    host, port = address
    there = ("--connect-to", f"::{host}:{port}", "--cacert", str(lab.ca_bundle))
    options = (
        "-q",
        "--silent",
        "--noproxy",
        "*",
        "--max-time",
        "20",
        "--write-out",
        "%{url} %{exitcode}\n",
    )
    urls = "\n".join(f'url = "https://{each}/"\noutput = /dev/null' for each in hosts)
    said = subprocess.run(
        [
            curl,
            *options,
            *there,
            "--parallel",
            "--parallel-immediate",
            "--parallel-max",
            "8",
            "--config",
            "-",
        ],
        input=urls,
        capture_output=True,
        text=True,
    )
    lines = (line.rsplit(" ", 1) for line in said.stdout.splitlines())
    codes = {url.removeprefix("https://").removesuffix("/"): int(code) for url, code in lines}
    return {host: codes[host] for host in hosts}
