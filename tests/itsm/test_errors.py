"""The pages for what went wrong."""

import re

import pytest
from django.db import connection
from django.test import Client


@pytest.fixture
def lost_database(transactional_db):
    """The real thing: the connection's address leads nowhere until the test is over."""
    host = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    yield
    connection.settings_dict["HOST"] = host
    connection.close()


class TestDatabaseGone:
    def test_is_a_page_that_says_so_and_when_to_come_back(self, alice, client_of, lost_database):
        client = Client(raise_request_exception=False)
        client.cookies["session"] = "anything"
        response = client.get("/")
        assert (response.status_code, response["Retry-After"]) == (503, "5")

    def test_is_a_problem_document_in_the_api(self, alice, lost_database):
        client = Client(raise_request_exception=False)
        client.cookies["session"] = "anything"
        response = client.get("/api/v1/incidents/")
        assert response.status_code == 503
        assert response["Content-Type"] == "application/problem+json"

    def test_is_told_by_the_probe_in_json_also_to_a_signed_in_browser(self, alice, client_of, transactional_db):
        client = client_of(alice)
        host = connection.settings_dict["HOST"]
        connection.close()
        connection.settings_dict["HOST"] = "/nowhere"
        try:
            response = client.get("/healthz")
        finally:
            connection.settings_dict["HOST"] = host
            connection.close()
        assert (response.status_code, response["Content-Type"]) == (503, "application/json")
        assert response.json()["status"] == "down"

    def test_recovers_by_itself(self, alice, client_of, transactional_db):
        host = connection.settings_dict["HOST"]
        client = client_of(alice)
        client.raise_request_exception = False
        connection.close()
        connection.settings_dict["HOST"] = "/nowhere"
        assert client.get("/").status_code == 503
        connection.close()
        connection.settings_dict["HOST"] = host
        assert client.get("/").status_code == 302


class TestNotFound:
    def test_a_strangers_number_looks_like_a_wrong_one(self, incident, charlie, client_of):
        client = client_of(charlie)
        bodies = []
        for path in (f"/tickets/{incident.ticket.number}/", "/tickets/INC-999999/"):
            response = client.get(path)
            assert response.status_code == 404
            # What differs is the address asked for and the CSRF token, masked anew in every answer.
            bodies.append(re.sub(r"\w{64}", "", response.content.decode().replace(path, "")))
        assert bodies[0] == bodies[1]


class TestBadHost:
    def test_is_a_problem_document_in_the_api(self, client, db):
        response = client.get("/api/v1/incidents/", headers={"host": "evil.example"})
        assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
        assert response.json()["status"] == 400

    def test_is_a_page_elsewhere(self, client, db):
        response = client.get("/", headers={"host": "evil.example"})
        assert response.status_code == 400
        assert response["Content-Type"].startswith("text/html")
