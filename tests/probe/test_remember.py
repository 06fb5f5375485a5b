from webapp.probe.remember import remembered


def test_the_same_bytes_are_read_once_and_large_ones_each_time():
    seen = []

    @remembered(2, most_bytes=4)
    def size(data, *, unit=1):
        seen.append(data)
        return len(data) * unit

    assert [size(b"abc"), size(b"abc"), size(b"abc", unit=2)] == [3, 3, 6]
    assert [size(b"large"), size(b"large")] == [5, 5]
    assert seen == [b"abc", b"abc", b"large", b"large"]


def test_no_more_are_kept_than_so_many():
    seen = []
    read = remembered(1, most_bytes=4)(seen.append)
    for data in (b"a", b"b", b"a"):
        read(data)
    assert seen == [b"a", b"b", b"a"]


def test_what_fails_is_tried_again():
    @remembered(2, most_bytes=4)
    def fails_once(data, failures=[KeyError]):  # noqa: B006 - it is to be shared
        if failures:
            raise failures.pop()
        return data

    results = []
    for _ in range(2):
        try:
            results.append(fails_once(b"a"))
        except KeyError:
            results.append(None)
    assert results == [None, b"a"]
