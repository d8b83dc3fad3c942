"""One login shared by all pages: when it is wanted, when it is in vain; and in a real crawl."""

import re
import stat
from pathlib import Path

import pandas as pd
import pytest

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.crawling.scheduling.session import Session
from catalog_pipeline.errors import FetchError, LoginError
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site, bundled_attributes
from catalog_pipeline_tests.written_site import listing, written_site

USERNAME, PASSWORD = "CATALOG_PIPELINE_MEMBER_USERNAME", "CATALOG_PIPELINE_MEMBER_PASSWORD"
LOGIN_FORM = "<form method=post action=/in><input name=username><input name=password></form>"
MEMBERS = load_catalogue("sandbox_members", environ={})


def test_a_login_is_wanted_unless_a_session_is_kept_or_none_is_declared():
    assert Session(MEMBERS, has_session=False).is_wanted
    assert not Session(MEMBERS, has_session=True).is_wanted
    assert not Session(load_catalogue("sandbox", environ={}), has_session=False).is_wanted


def test_one_expired_session_makes_one_login_however_many_pages_saw_it():
    login = Session(MEMBERS, has_session=True)
    login.expired(0)
    assert login.is_wanted
    login.succeeded(login.begin(0.0))
    login.expired(0)
    assert not login.is_wanted


def test_a_login_whose_worker_died_begins_anew_as_if_it_had_not():
    login = Session(MEMBERS, has_session=False)
    assert login.begin(0.0) == 1
    login.interrupted()
    assert login.is_wanted
    assert not login.is_under_way
    assert login.begin(1.0) == 1


def test_a_session_that_never_shows_a_page_is_an_error_and_no_loop():
    login = Session(MEMBERS, has_session=False)
    login.succeeded(login.begin(0.0))
    login.expired(1)
    with pytest.raises(LoginError, match="the login succeeds, but the site shows no page"):
        login.begin(0.0)


def test_an_expiry_that_is_told_before_the_pages_of_its_session_is_no_error():
    """A page in flight may have been answered before, and take longer to be parsed."""
    login = Session(MEMBERS, has_session=False)
    login.succeeded(login.begin(0.0))
    login.expired(1)
    login.page_came()
    assert login.begin(0.0) == 2


def test_a_session_that_showed_pages_may_expire():
    login = Session(MEMBERS, has_session=False)
    login.succeeded(login.begin(0.0))
    login.page_came()
    login.expired(1)
    assert login.is_wanted


def test_a_page_gets_new_sessions_but_not_for_ever():
    login = Session(MEMBERS, has_session=True)
    most = MEMBERS.politeness.concurrency
    assert not login.why_not_again(most)
    assert f"after {most + 1} new sessions too" in login.why_not_again(most + 1)


def test_where_pages_have_come_sessions_in_vain_fail_pages_and_not_the_crawl():
    login = Session(MEMBERS, has_session=True)
    login.page_came()
    in_vain = MEMBERS.politeness.concurrency + 2
    for session in range(in_vain):
        assert not login.why_not_again(0)
        login.expired(session)
        login.succeeded(login.begin(0.0))
    assert f"{in_vain} new sessions showed no page" in login.why_not_again(0)
    login.page_came()
    assert not login.why_not_again(0)


def test_a_login_that_cannot_be_had_is_tried_again_later_and_later_and_then_given_up():
    login = Session(MEMBERS, has_session=False)
    now, waits = 0.0, []
    error = FetchError("it answered with 503", kind="status_5xx", url="https://shop/login")
    for _ in range(MEMBERS.politeness.max_attempts - 1):
        login.begin(now)
        login.failed(error, now)
        assert login.is_wanted
        waits.append(login.try_at - now)
        now = login.try_at
    assert 0 < waits[0] < waits[-1]
    login.begin(now)
    tries = MEMBERS.politeness.max_attempts
    with pytest.raises(LoginError, match=f"no login after {tries} tries: .*503"):
        login.failed(error, now)


def test_a_login_page_that_is_not_there_is_not_asked_for_again():
    login = Session(MEMBERS, has_session=False)
    login.begin(0.0)
    with pytest.raises(LoginError, match="no login after 1 try"):
        login.failed(FetchError("404", kind="status_404_410", url="https://shop/login"), 0.1)


@pytest.fixture
def members(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The members' listing as the catalogue `shop`, with its right credentials."""
    site.write(like="sandbox_members", last_page=10)
    monkeypatch.setenv(USERNAME, "member")
    monkeypatch.setenv(PASSWORD, "practice")
    return site


@pytest.mark.processes
def test_sessions_that_expire_are_renewed_and_every_page_comes(members: Site, run: Run):
    members.shop.control(session_requests=4)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"]) == (0, 10)
    logins = members.shop.hits()["logins"]
    assert 3 <= sum(logins.values()) <= 5
    assert members.shop.hits()["refused_logins"] == {}


@pytest.mark.processes
def test_a_session_is_kept_for_the_next_run_in_a_private_file(members: Site, run: Run):
    run("run", NAME, "--pages", "1")
    cookies = members.places.cookies
    assert stat.S_IMODE(cookies.stat().st_mode) == 0o600
    run("run", NAME, "--pages", "2")
    assert sum(members.shop.hits()["logins"].values()) == 1


@pytest.mark.processes
def test_the_session_of_another_user_is_not_gone_on_with(
    members: Site, run: Run, monkeypatch: pytest.MonkeyPatch
):
    run("run", NAME, "--pages", "1")
    monkeypatch.setenv(USERNAME, "somebody-else")
    assert run("run", NAME, "--pages", "2").code == 1
    assert members.shop.hits()["refused_logins"] == {"somebody-else": 1}
    assert 2 not in members.downloads()
    monkeypatch.setenv(USERNAME, "member")
    assert run("run", NAME, "--pages", "2").code == 0
    assert members.shop.hits()["logins"] == {"member": 1, "somebody-else": 1}


@pytest.mark.processes
def test_wrong_credentials_are_one_error_and_one_refused_login(
    members: Site, run: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(PASSWORD, "not-the-password")
    answer = run("run", NAME)
    assert answer.code == 1
    assert "Crawl: " in answer.out
    assert "login" in answer.out
    assert sum(members.shop.hits()["refused_logins"].values()) == 1
    assert members.downloads() == {}


def test_missing_credentials_are_told_by_the_name_of_their_variable(
    members: Site, run: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv(PASSWORD)
    answer = run("run", NAME)
    assert answer.code == 2
    assert PASSWORD in answer.err
    assert members.downloads() == {}


@pytest.mark.processes
def test_a_login_page_that_asks_for_a_pause_gets_it(members: Site, run: Run):
    members.shop.control(faults=["login=503(1):1"])
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"]) == (0, 10)
    times = [when for when, path, _ in members.shop.log() if path.startswith("/members/login")]
    assert times[1] - times[0] >= 1.0


@pytest.mark.processes
def test_a_login_page_that_stays_broken_ends_the_crawl(members: Site, run: Run):
    members.shop.control(faults=["login=500"])
    answer = run("run", NAME)
    tries = members.catalogue.politeness.max_attempts
    assert answer.code == 1
    assert f"no login after {tries} tries" in answer.out
    assert members.downloads() == {}


@pytest.mark.processes
def test_failed_pages_that_a_later_crawl_did_not_come_to_are_named(members: Site, run: Run):
    members.shop.control(faults=["3=404"])
    assert run("run", NAME, "--json").json["failed_pages"] == "3"
    members.places.cookies.unlink()
    members.shop.control(faults=["login=500"])
    answer = run("run", NAME, "--json").json
    assert "no login" in answer["crawl_error"]
    assert (answer["failed"], answer["failed_pages"]) == (1, "3")


@pytest.mark.processes
def test_parsing_again_needs_no_credentials(
    members: Site, run: Run, monkeypatch: pytest.MonkeyPatch
):
    assert run("run", NAME, "--pages", "1-2").code == 0
    monkeypatch.delenv(PASSWORD)
    answer = run("run", NAME, "--pages", "1-2", "--reparse", "--json")
    assert (answer.code, answer.json["parsed_again"]) == (0, 2)


@pytest.mark.processes
@pytest.mark.parametrize("is_right", [True, False])
def test_no_secret_is_written_or_printed_anywhere(
    members: Site, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, is_right: bool
):
    """The shop's real password is an everyday word, so another one is looked for when refused."""
    secret = "practice" if is_right else "s3cret-Wort-0815"
    monkeypatch.setenv(PASSWORD, secret)
    answer = run("--debug", "run", NAME)
    looked_for = b'practice"' if is_right else secret.encode()
    assert (answer.code == 0) == is_right
    assert looked_for.decode() not in answer.out + answer.err
    files = [path for path in home.parent.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    for path in files:
        assert looked_for not in path.read_bytes(), path
    if is_right:
        for value in _cookie_values(members.places.cookies):
            holders = [path for path in files if value.encode() in path.read_bytes()]
            assert holders == [members.places.cookies]


OUT = "<a class=out>Log out</a>"


@pytest.mark.processes
def test_pages_that_were_stored_without_a_session_are_not_read_but_had_anew_once_the_yaml_tells(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(USERNAME, "member")
    monkeypatch.setenv(PASSWORD, "practice")
    login = bundled_attributes("sandbox_members")["login"] | {"page": "/login", "form": "form"}
    fields = {"price": {"select": "i"}}
    with written_site() as made:
        made.write({1: listing(1, "10") + OUT, 2: listing(2, "99"), 3: listing(3, "99")})
        made.describe(site, fields)
        assert run("run", NAME).code == 0
        made.bodies |= {"/login": LOGIN_FORM, "/in": f"<p>Welcome</p>{OUT}"}
        made.write({2: listing(2, "10") + OUT, 3: listing(3, "10") + OUT})
        made.describe(site, fields, login={**login, "logged_in": "a.out"}, last_page=3)
        told = run("try", NAME, "--stored", "2")
        assert told.code == 1
        assert "which was had without a live session, or" in told.out + told.err
        again = run("run", NAME, "--reparse", "--json")
        assert (again.code, again.json["failed_pages"], again.json["parsed_again"]) == (1, "2-3", 1)
        answer = run("run", NAME, "--json")
        assert (answer.code, answer.json["downloads"]) == (0, 2)
        assert {made.asked[f"/products?page={page}"] for page in (2, 3)} == {2}
    assert set(pd.read_parquet(site.places.table)["price"]) == {"10"}


def _cookie_values(path: Path) -> list[str]:
    """The values of the cookies that the file keeps."""
    values = re.findall(r'"value": "([^"]+)"', path.read_text())
    assert values
    return values


@pytest.mark.processes
@pytest.mark.parametrize("latency_ms", [0, 40])
@pytest.mark.parametrize("page", [2, 4, 6])
def test_a_page_that_always_wants_a_login_fails_alone(
    members: Site, run: Run, page: int, latency_ms: int
):
    """Without products it has nothing by which its session could be told to be alive. It may be
    the last one that is left, so that nothing else shows that its sessions are good; or be told
    of while the other page of its session is still being stored, as from a slow site."""
    login = bundled_attributes("sandbox_members")["login"]
    members.write(
        like="sandbox_members",
        last_page=6,
        login={**login, "logged_in": "article.product-card"},
        politeness={"concurrency": 2},
    )
    members.shop.control(faults=[f"{page}=empty"], latency_ms=latency_ms)
    answer = run("run", NAME, "--json")
    assert answer.code == 1
    assert (answer.json["done"], answer.json["failed_pages"]) == (5, str(page))
    assert answer.json["failures"][0]["kind"] == "session_expired"
    assert members.shop.hits()["logins"]["member"] <= 5
