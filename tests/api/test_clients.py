BODY = {"name": "Carol Ltd", "contact_email": "carol@example.com", "tags": ["VIP"]}


def test_a_client_comes_changes_and_goes_with_all_that_is_theirs(program):
    call = program("ada", "write")
    client = call("PUT", "/clients/by-reference/C-1", BODY, 201).json
    assert call("PUT", "/clients/by-reference/C-1", BODY, 200).json == client
    path = f"/clients/{client['id']}"
    domain = call("PUT", f"{path}/domains/carol.example", {"expires_on": "2027-01-02"}, 201).json
    assert (domain["name"], domain["client_name"]) == ("carol.example", "Carol Ltd")
    assert call("PUT", f"{path}/domains/CAROL.example", {}, 200).json["id"] == domain["id"]
    changed = call("PATCH", path, {"note": "Pays late", "contact_email": None}).json
    assert (changed["note"], changed["contact_email"]) == ("Pays late", None)
    assert (changed["tags"], changed["domains"]) == (["VIP"], 1)
    assert [one["name"] for one in call("GET", "/clients?q=carol").json["items"]] == ["Carol Ltd"]
    call("DELETE", path, status=409)
    call("DELETE", f"{path}?belongings=delete", status=204)
    call("GET", f"/domains/{domain['id']}", status=404)


def test_clients_are_for_the_providers_people(program):
    for path in ("/clients", "/clients/1", "/report", "/incidents", "/alerts"):
        program("alice")("GET", path, status=403)
        if path != "/clients/1":
            assert "items" in program("sam")("GET", path).json


def test_what_cannot_be_as_things_are(program):
    call = program("ada", "write")
    path = "/clients/1/domains"
    dates = {"registered_on": "2027-01-02", "expires_on": "2026-01-02"}
    assert (
        call("PUT", f"{path}/a.example", dates, 409).json["errors"][0]["pointer"] == "#/expires_on"
    )
    assert call("PUT", f"{path}/no name", {}, 409).json["errors"][0]["pointer"] == "#/name"
    call("PUT", f"{path}/a%0A.example", {}, 409)
    call("PUT", "/clients/4711/domains/a.example", {}, 404)
    call("PUT", "/services/by-reference/S-1", {"client": "Nobody", "product": "x"}, 409)
    call("PATCH", "/domains/1", {"name": "other.example"})
    call("PUT", f"{path}/alice.example", {}, 201)
    call("PATCH", "/domains/1", {"name": "alice.example"}, 409)
