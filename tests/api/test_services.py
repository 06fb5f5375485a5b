def test_a_list_has_what_its_user_may_see(program):
    found = program("alice")("GET", "/services").json
    assert [item["domain"] for item in found["items"]] == ["alice.example"]
    assert (found["total"], found["exact"], found["next_cursor"]) == (1, True, None)
    everything = program("ada")("GET", "/services?sort=-domain").json["items"]
    assert [item["domain"] for item in everything] == ["bob.example", "alice.example"]


BODY = {"client": "Alice’s Bakery", "product": "Hosting", "domain": "shop.alice.example"}


def test_put_twice_is_the_same_as_put_once(program):
    call = program("ada", "write")
    made = call("PUT", "/services/by-reference/S-1", BODY, 201)
    again = call("PUT", "/services/by-reference/S-1", BODY, 200)
    assert again.json == made.json
    assert again.headers["ETag"] == made.headers["ETag"]
    assert call("GET", f"/services/{made.json['id']}").json == made.json
    assert call("GET", "/services/by-reference/S-1").json == made.json


def test_a_patch_changes_what_it_sends_and_a_put_all(program):
    call = program("ada", "write")
    full = {"next_due_on": "2027-01-02", "server_address": "192.0.2.1", "tags": ["VIP", "panel"]}
    id_ = call("PUT", "/services/by-reference/S-1", BODY | full, 201).json["id"]
    changed = call(
        "PATCH", f"/services/{id_}", {"status": "Suspended", "server_address": None}
    ).json
    assert changed["status"] == "Suspended"
    assert (changed["next_due_on"], changed["server_address"]) == ("2027-01-02", None)
    assert changed["tags"] == ["panel", "VIP"]
    replaced = call("PUT", "/services/by-reference/S-1", BODY).json
    assert (replaced["status"], replaced["next_due_on"], replaced["tags"]) == ("Active", None, [])


def test_a_put_for_another_client_moves(program):
    call = program("ada", "write")
    call("PUT", "/services/by-reference/S-1", BODY, 201)
    moved = call("PUT", "/services/by-reference/S-1", BODY | {"client": "Bob & Sons"}).json
    assert moved["client_name"] == "Bob & Sons"
    back = call("POST", f"/services/{moved['id']}/move", {"client": "Alice’s Bakery"}).json
    assert back["client_name"] == "Alice’s Bakery"
    call("POST", f"/services/{moved['id']}/move", {"client": "Nobody"}, 409)


def test_who_was_slower_changes_nothing(program):
    call = program("ada", "write")
    made = call("PUT", "/services/by-reference/S-1", BODY, 201)
    path = f"/services/{made.json['id']}"
    old = made.headers["ETag"]
    new = call("PATCH", path, {"product": "Other"}, If_Match=old).headers["ETag"]
    for method, body in (("PATCH", {"product": "Third"}), ("DELETE", None)):
        call(method, path, body, 412, If_Match=old)
    call("PUT", "/services/by-reference/S-2", BODY, 412, If_Match='"7"')
    assert call("GET", path).json["product"] == "Other"
    call("DELETE", path, status=204, If_Match=new)
    call("GET", path, status=404)


def test_clients_see_nothing_of_the_providers(program):
    provider = {"server_address": "192.0.2.1", "tags": ["VIP"], "status": "Fraud"}
    made = program("ada", "write")("PUT", "/services/by-reference/S-1", BODY | provider, 201).json
    seen = program("alice")("GET", f"/services/{made['id']}").json
    hidden = (seen["reference"], seen["server_address"], seen["tags"], seen["note"])
    assert hidden == (None, None, [], None)
    assert seen["status"] == "Closed"
    program("bob")("GET", f"/services/{made['id']}", status=404)


def test_staff_write_the_note_and_the_tags_of_an_item(program):
    call = program("sam", "write")
    noted = call("PUT", "/services/1/note", {"note": "Call first\n", "tags": ["VIP"]})
    assert (noted.json["note"], noted.json["tags"]) == ("Call first", ["VIP"])
    assert call("GET", "/services/1").headers["ETag"] == noted.headers["ETag"]
    assert call("PUT", "/services/1/note", {"note": None}).json["tags"] == ["VIP"]
    call("PUT", "/domains/1/note", {"note": "x"}, 412, If_Match='"7"')
    call("PUT", "/domains/1/note", {"tags": []}, 422)
    program("alice", "write")("PUT", "/services/1/note", {"note": "Mine"}, 403)


def test_only_administrators_change(program):
    for name in ("alice", "sam"):
        call = program(name, "write")
        call("PATCH", "/services/1", {"product": "Mine"}, 403)
        call("DELETE", "/services/1", status=403)
        call("PUT", "/services/by-reference/S-9", BODY, 403)


def test_the_activity_log_names_the_token(program, visit):
    program("ada", "write")("PATCH", "/services/1", {"product": "Other"})
    assert "by token “ada’s program”" in visit("ada").get("/admin/activity").text


def test_a_list_is_read_page_by_page(program):
    call = program("ada", "write")
    for number in range(30):
        call("PUT", f"/services/by-reference/S-{number}", BODY, 201)
    first = call("GET", "/services?limit=25&sort=product").json
    rest = call("GET", f"/services?limit=25&sort=product&cursor={first['next_cursor']}").json
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (25, 7, None)
    assert len({item["id"] for item in first["items"] + rest["items"]}) == 32
