"""The names in what people paste."""

import pytest

from webapp.imports.pasted import as_file, names_in

ZONE = """\
$ORIGIN example.com.
$TTL 3600
@   IN SOA ns1.example.net. hostmaster.example.com. (
        2026112901 ; serial
        3600 900 604800 86400 )
    IN NS  ns1.example.net.
@   IN A    192.0.2.1
    IN AAAA 2001:db8::1
www 300 IN CNAME @        ; the site
shop   IN 300 A 192.0.2.2
mail.example.org. A 192.0.2.3
@   IN MX 10 mail
_acme-challenge IN TXT "x"
"""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.example\nb.example\r\n\n a.example ", ["a.example", "b.example"]),
        ("a.example, b.example; c.example|d.example", [f"{c}.example" for c in "abcd"]),
        ("https://a.example/x?y=1#z", ["https://a.example/x?y=1#z"]),
        ("# note\n; note\n// note\n'a.example'", ["a.example"]),
        (ZONE, ["example.com", "www.example.com", "shop.example.com", "mail.example.org"]),
        ("a.example. 3600 IN A 192.0.2.1\nb.example", ["a.example", "b.example"]),
        ("\ufeffbücher.example", ["bücher.example"]),
        (" \n", []),
    ],
)
def test_names_are_found_once_and_in_order(text, names):
    assert names_in(text) == names


def test_a_long_text_takes_no_longer_than_it_is():
    assert len(names_in("a " * 200_000)) == 1
    assert names_in("1h" * 100_000) == ["1h" * 100_000]


def test_they_are_a_file_for_the_import():
    assert as_file(["a.example", 'b"']).read() == b'domain\r\na.example\r\n"b"""\r\n'
