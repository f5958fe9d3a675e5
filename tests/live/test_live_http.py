"""Every way for a cloud to give no usable answer, told apart by code; and what is never done with a token."""

from __future__ import annotations

from datetime import date

import pytest
from live_helpers import TOKEN, asker

from anyport.live.asker import Access, LiveAsker, address_fault
from anyport.live.failure import LiveError
from anyport.live.questions import Question
from anyport_sandbox.live.server import Fault, ListingServer

AZURE = Question("azure_openai", "models", "eastus2", scope="s")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("401", "AP524"),
        ("403", "AP524"),
        ("404", "AP525"),
        ("429", "AP526"),
        ("500", "AP526"),
        ("503", "AP526"),
        ("redirect", "AP527"),
        ("garbage", "AP527"),
        ("not_json", "AP527"),
        ("no_list", "AP527"),
        ("elsewhere", "AP527"),
        ("half", "AP528"),
        ("cut", "AP528"),
        ("loop", "AP528"),
        ("large", "AP528"),
    ],
)
def test_failures_are_told_apart(server: ListingServer, kind: str, code: str) -> None:
    server.faults.append(Fault(kind))  # type: ignore[arg-type]
    with asker(server, []) as asks, pytest.raises(LiveError) as caught:
        asks.ask(AZURE)
    assert caught.value.problem.code == code
    assert TOKEN not in str(caught.value)


def test_what_the_cloud_says_is_shown(server: ListingServer) -> None:
    server.faults.append(Fault("403"))
    with asker(server, []) as asks, pytest.raises(LiveError) as caught:
        asks.ask(AZURE)
    assert caught.value.problem.got.startswith("HTTP 403, AuthorizationFailed, The client does not")


@pytest.mark.parametrize(
    ("retry_after", "waited"),
    [("7", [7.0, 7.0]), ("", [1.0, 2.0]), ("0.5", [0.5, 0.5]), ("soon", [1.0, 2.0])],
)
def test_a_throttled_question_waits_as_long_as_it_is_told(
    server: ListingServer, retry_after: str, waited: list[float]
) -> None:
    server.faults.append(Fault("429", times=2, retry_after=retry_after))
    waits: list[float] = []
    with asker(server, waits) as asks:
        assert asks.ask(AZURE).items
    assert waits == waited


def test_no_wait_is_longer_than_a_minute_in_all(server: ListingServer) -> None:
    server.faults.append(Fault("503", retry_after="40"))
    waits: list[float] = []
    with asker(server, waits) as asks, pytest.raises(LiveError) as caught:
        asks.ask(AZURE)
    assert (waits, caught.value.problem.code) == ([40.0], "AP526")


def test_a_failed_question_is_not_put_again(server: ListingServer) -> None:
    server.faults.append(Fault("404"))
    with asker(server, []) as asks:
        for _ in range(3):
            with pytest.raises(LiveError):
                asks.ask(AZURE)
    assert len(server.asked) == 1


def test_a_token_goes_nowhere_else(server: ListingServer) -> None:
    """A redirect and a next page at another host are not followed: all requests are at the server."""
    server.faults += [Fault("redirect", where="/models?", times=1), Fault("elsewhere")]
    with asker(server, []) as asks:
        for question in (AZURE, Question("azure_openai", "models", "westus", scope="s")):
            with pytest.raises(LiveError):
                asks.ask(question)
    assert [one.path.split("/")[-2:] for one in server.asked] == [["eastus2", "models"], ["westus", "models"]]


def test_nobody_listens(server: ListingServer) -> None:
    access = Access({("azure_openai", ""): "http://127.0.0.1:9"}, {("azure_openai", ""): "LISTING_TOKEN"})
    with LiveAsker(access, date(2026, 11, 25), lambda _: None) as asks, pytest.raises(LiveError) as caught:
        asks.ask(AZURE)
    assert caught.value.problem.code == "AP529"


def test_plain_http_where_tls_is_expected(server: ListingServer) -> None:
    url = server.url.replace("http:", "https:")
    access = Access({("azure_openai", ""): url}, {("azure_openai", ""): "LISTING_TOKEN"})
    with LiveAsker(access, date(2026, 11, 25), lambda _: None) as asks, pytest.raises(LiveError) as caught:
        asks.ask(AZURE)
    assert caught.value.problem.code == "AP529"
    assert "TLS" in caught.value.problem.message


@pytest.mark.parametrize(
    ("value", "fault"), [("", "is not set"), ("two words", "holds no token"), ("a\nb", "holds no token")]
)
def test_a_variable_without_a_token(
    server: ListingServer, monkeypatch: pytest.MonkeyPatch, value: str, fault: str
) -> None:
    monkeypatch.setenv("OTHER", value)
    with asker(server, [], "OTHER") as asks, pytest.raises(LiveError) as caught:
        asks.ask(AZURE)
    assert caught.value.problem.code == "AP523"
    assert fault in caught.value.problem.message
    assert server.asked == []


@pytest.mark.parametrize("page", [1, 3, 1000])
@pytest.mark.parametrize(
    "question",
    [
        AZURE,
        Question("azure_openai", "quota", "eastus2", scope="s"),
        Question("vertex_ai", "models", "google"),
        Question("vertex_ai", "quota", "global", scope="p"),
        Question("oci_generative_ai", "models", "us-chicago-1", scope="c"),
        Question("coreweave_vllm", "nodes", "zone"),
    ],
)
def test_pages_do_not_matter(server: ListingServer, question: Question, page: int) -> None:
    for name in ("a", "b", "c", "d"):
        server.world.machine(name, "gd-8xh100ib-i128", 8)
    with asker(server, []) as asks:
        server.page = 10_000
        whole = asks.ask(question).items
    with asker(server, []) as asks:
        server.page = page
        assert asks.ask(question).items == whole
    assert whole


def test_a_missing_page_is_a_failure_and_not_a_shorter_list(server: ListingServer) -> None:
    server.page = 2
    server.faults.append(Fault("cut", where="skiptoken=4"))
    with asker(server, []) as asks, pytest.raises(LiveError) as caught:
        asks.ask(AZURE)
    assert caught.value.problem.code == "AP528"


def test_a_listing_that_leads_back_is_noticed_at_once(server: ListingServer) -> None:
    server.faults.append(Fault("loop"))
    with asker(server, []) as asks, pytest.raises(LiveError):
        asks.ask(AZURE)
    assert len(server.asked) == 2


def test_an_empty_list_is_an_answer(server: ListingServer) -> None:
    server.world.azure_models["eastus2"] = []
    with asker(server, []) as asks:
        assert asks.ask(AZURE).items == ()


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://cloud.example", ""),
        ("https://cloud.example:8443/prefix", ""),
        ("http://127.0.0.1:80", ""),
        ("http://localhost", ""),
        ("http://[::1]:9", ""),
        ("http://cloud.example", "in the clear"),
        ("https://user:pw@cloud.example", "alone"),
        ("https://cloud.example?x=1", "alone"),
        ("ftp://cloud.example", "no address"),
        ("cloud.example", "no address"),
        ("https://", "no address"),
        ("https://cloud.example:99999", "no address"),
        ("https://cloud.example\n", "no address"),
        ("http://127.0.0.1.evil.example", "in the clear"),
    ],
)
def test_addresses(url: str, fault: str) -> None:
    assert fault in address_fault(url)
    assert bool(address_fault(url)) == bool(fault)
