"""robots.txt by RFC 9309: which group, which rule, which status, and how fast."""

import math
import time
import tracemalloc

import pytest

from catalog_pipeline.catalogue.politeness import Politeness
from catalog_pipeline.fetching.robots import MAX_ROBOTS_BYTES, RobotsRules, robots_address

AGENT = Politeness().agent
SITE = "https://shop.example"

TWO_GROUPS = """\
User-Agent: *
Disallow: *.gif$
Disallow: /private/
Allow: /open/

User-Agent: catalog_pipeline
User-Agent: otherbot
Allow: /shelf/page
Disallow: /

User-Agent: quietbot

# The last group has no rule at all, so quietbot may go everywhere.
"""


def rules_of(text: str) -> RobotsRules:
    return RobotsRules.from_answer(200, text.encode())


@pytest.mark.parametrize(
    ("agent", "path", "is_allowed"),
    [
        ("somebot/1.0", "/open/a.html", True),
        ("somebot/1.0", "/private/a.html", False),
        ("somebot/1.0", "/picture.gif", False),
        ("somebot/1.0", "/picture.gif?big", True),
        (AGENT, "/shelf/page?page=2", True),
        (AGENT, "/shelf", False),
        (AGENT, "/picture.gif", False),
        ("OtherBot/2.1", "/", False),
        ("quietbot", "/private/a.html", True),
        (AGENT, "/robots.txt", True),
    ],
)
def test_the_group_of_the_user_agent_decides(agent: str, path: str, is_allowed: bool) -> None:
    rules = rules_of(TWO_GROUPS)
    assert rules.is_allowed(SITE + path, agent) is is_allowed
    assert (rules.why_not(SITE + path, agent) == "") is is_allowed


@pytest.mark.parametrize(
    ("rules", "path", "is_allowed"),
    [
        ("Disallow: /", "/", False),
        ("Disallow:", "/anything", True),
        ("Disallow: /fish", "/fish", False),
        ("Disallow: /fish", "/fishing/rods?page=1", False),
        ("Disallow: /fish", "/Fish", True),
        ("Disallow: /fish", "/catfish", True),
        ("Disallow: /fish/", "/fish", True),
        ("Disallow: /*.php", "/a/index.php?x=1", False),
        ("Disallow: /*.php$", "/a/index.php", False),
        ("Disallow: /*.php$", "/a/index.php?x=1", True),
        ("Disallow: /a*c", "/abbbc/d", False),
        ("Allow: /p\nDisallow: /", "/page", True),
        ("Disallow: /\nAllow: /p", "/page", True),
        ("Allow: /folder\nDisallow: /folder", "/folder/page", True),
        ("Allow: /page\nDisallow: /*.htm", "/page.htm", False),
        ("Disallow: /a/b%3Cc", "/a/b<c", False),
        ("Disallow: /caf\u00e9", "/caf%C3%A9/menu", False),
        ("Disallow: /caf%C3%A9", "/caf\u00e9/menu", False),
        ("disallow : /x # a comment", "/x/1", False),
        ("DISALLOW: /x", "/x/1", False),
        ("Nonsense: /x\nDisallow: /x", "/x/1", False),
    ],
)
def test_the_longest_matching_rule_wins(rules: str, path: str, is_allowed: bool) -> None:
    text = f"User-agent: *\n{rules}\n"
    assert rules_of(text).is_allowed(SITE + path, AGENT) is is_allowed


@pytest.mark.parametrize(
    "text",
    [
        "User-agent: *\r\nDisallow: /\r\n",
        "User-agent: *\rDisallow: /\r",
        "\ufeffUser-agent: *\nDisallow: /",
        "Sitemap: https://shop.example/s.xml\nUser-agent: a\nUser-agent: *\nDisallow: /",
        "User-agent: *\nDisallow: /x\n\nUser-agent: *\nDisallow: /",
    ],
    ids=["CRLF", "CR", "byte order mark", "several agents", "split group"],
)
def test_forms_of_the_file_that_mean_the_same(text: str) -> None:
    assert not rules_of(text).is_allowed(SITE + "/page", AGENT)


@pytest.mark.parametrize("body", [b"", b"\x00\xff\xfe\x80", b"<html>no robots here</html>"])
def test_a_file_without_rules_allows_everything(body: bytes) -> None:
    assert RobotsRules.from_answer(200, body).is_allowed(SITE + "/page", AGENT)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 410, 451])
def test_a_file_that_is_not_there_allows_everything(status: int) -> None:
    """Also when the error page's body looks like rules."""
    rules = RobotsRules.from_answer(status, b"User-agent: *\nDisallow: /")
    assert rules.is_allowed(SITE + "/page", AGENT)


@pytest.mark.parametrize("status", [500, 502, 503, 599, 429, None])
def test_a_site_that_does_not_answer_is_left_alone(status: int | None) -> None:
    rules = RobotsRules.from_answer(status, b"User-agent: *\nAllow: /")
    assert not rules.is_allowed(SITE + "/page", AGENT)
    reason = rules.why_not(SITE + "/page", AGENT)
    assert "robots.txt could not be fetched" in reason
    assert str(status or "no usable answer") in reason


def test_the_reason_names_the_user_agent_and_the_way_out() -> None:
    reason = rules_of("User-agent: *\nDisallow: /").why_not(SITE + "/page", AGENT)
    assert AGENT in reason
    assert "obey_robots" in reason


def test_rules_after_500_kib_do_not_count() -> None:
    filler = b"# " + b"x" * 1021 + b"\n"
    head = b"User-agent: *\nDisallow: /early\n"
    body = head + filler * 500 + b"Disallow: /late\n"
    assert len(body) > MAX_ROBOTS_BYTES
    rules = RobotsRules.from_answer(200, body)
    assert not rules.is_allowed(SITE + "/early", AGENT)
    assert rules.is_allowed(SITE + "/late", AGENT)


def test_a_rule_that_the_limit_cuts_in_two_does_not_count() -> None:
    """`Disallow: /private` must not become `Disallow: /`."""
    rule = b"Disallow: /private\n"
    head = b"User-agent: *\n"
    body = head + b"#" * (MAX_ROBOTS_BYTES - len(head) - 12) + b"\n" + rule
    assert body[:MAX_ROBOTS_BYTES].endswith(b"Disallow: /")
    assert RobotsRules.from_answer(200, body).is_allowed(SITE + "/page", AGENT)


@pytest.mark.parametrize(
    ("lines", "rate"),
    [
        ("", None),
        ("Crawl-delay: 10", 0.1),
        ("Crawl-delay: 0.5", 2.0),
        ("Crawl-delay: 0", None),
        ("Crawl-delay: soon", None),
        ("Crawl-delay: -1", None),
        ("Request-rate: 1/5", 0.2),
        ("Request-rate: 30/1m", 0.5),
        ("Request-rate: 10/1h 0600-0800", 10 / 3600),
        ("Crawl-delay: 2\nRequest-rate: 1/5", 0.2),
        ("Crawl-delay: 10\nRequest-rate: 1/5", 0.1),
    ],
)
def test_the_stricter_of_delay_and_rate_limits_the_crawl(lines: str, rate: float | None) -> None:
    rules = rules_of(f"User-agent: *\n{lines}\nDisallow: /x\n")
    assert rules.max_requests_per_second(AGENT) == (rate and pytest.approx(rate))


@pytest.mark.parametrize(("line", "most"), [("Crawl-delay: 0.2", 1), ("Request-rate: 1/5", None)])
def test_a_delay_means_one_request_after_the_other(line: str, most: int | None) -> None:
    assert rules_of(f"User-agent: *\n{line}\n").max_concurrency(AGENT) == most


def test_a_delay_for_somebody_else_is_not_ours() -> None:
    rules = rules_of("User-agent: otherbot\nCrawl-delay: 60\n\nUser-agent: *\nDisallow: /x")
    assert rules.max_requests_per_second(AGENT) is None
    assert rules.max_requests_per_second("otherbot") == pytest.approx(1 / 60)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://shop.example/a/b?page=1#x", "https://shop.example/robots.txt"),
        ("http://127.0.0.1:8108/products", "http://127.0.0.1:8108/robots.txt"),
        ("https://shop.example", "https://shop.example/robots.txt"),
    ],
)
def test_robots_txt_is_at_the_root_of_the_host(url: str, address: str) -> None:
    assert robots_address(url) == address


@pytest.mark.parametrize(
    ("named", "agent", "is_ours"),
    [
        ("catalog_pipeline", AGENT, True),
        ("Catalog_Pipeline/2.0", AGENT, True),
        ("CATALOG_PIPELINE # that one", AGENT, True),
        ("catalog_pipeline *", AGENT, True),
        ("bot", AGENT, False),
        ("github", AGENT, False),
        ("pipeline", AGENT, False),
        ("catalog", AGENT, False),
        ("catalog_pipeline_images", AGENT, False),
        ("https", AGENT, False),
        ("1.0", AGENT, False),
        ("", AGENT, False),
        ("shopbot", "Mozilla/5.0 (compatible; ShopBot/2.1; +https://bot.example)", True),
        ("mozilla", "Mozilla/5.0 (compatible; ShopBot/2.1; +https://bot.example)", False),
        ("bot", "Mozilla/5.0 (compatible; ShopBot/2.1; +https://bot.example)", False),
        ("mozilla", "Mozilla/5.0 (X11; Linux x86_64)", True),
        ("mail", "shopbot/1.0 (mail@bot.example)", False),
    ],
)
def test_groups_are_matched_by_the_product_token_alone(
    named: str, agent: str, is_ours: bool
) -> None:
    rules = rules_of(f"User-agent: {named}\nDisallow: /\n\nUser-agent: *\nDisallow: /else\n")
    assert rules.is_allowed(SITE + "/page", agent) is not is_ours
    assert rules.is_allowed(SITE + "/else", agent) is False


@pytest.mark.parametrize(
    "between",
    ["Sitemap: https://shop.example/s.xml", "Host: shop.example", "Clean-param: a", "", "# no"],
)
def test_lines_that_are_no_rules_do_not_part_a_group(between: str) -> None:
    rules = rules_of(f"User-agent: catalog_pipeline\n{between}\nUser-agent: b\nDisallow: /x\n")
    assert not rules.is_allowed(SITE + "/x", AGENT)


def test_a_separator_that_only_python_knows_ends_no_line() -> None:
    rules = rules_of("User-agent: *\nDisallow: /x\u2028Allow: /\n")
    assert rules.is_allowed(SITE + "/x", AGENT)
    assert not rules.is_allowed(SITE + "/x%E2%80%A8Allow:%20/", AGENT)


def test_many_agents_and_many_rules_cost_what_the_file_costs() -> None:
    agents = "".join(f"User-agent: a{number}\n" for number in range(10_000))
    rules = "".join(f"Disallow: /r{number}\n" for number in range(10_000))
    text = f"{agents}User-agent: catalog_pipeline\n{rules}"
    tracemalloc.start()
    try:
        assert not rules_of(text).is_allowed(SITE + "/r77", AGENT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60 * len(text)


def test_wildcards_do_not_multiply() -> None:
    pattern = "*a" * 200
    rules = rules_of(f"User-agent: *\nDisallow: /{pattern}*b\n")
    assert rules.is_allowed(SITE + "/" + "a" * 5000, AGENT)


@pytest.mark.parametrize(
    ("lines", "delay"),
    [
        ("Crawl-delay: 1e9", 1e9),
        ("Crawl-delay: 1e300", 1e300),
        ("Crawl-delay: 1e400", math.inf),
        ("Crawl-delay: " + "9" * 5000, math.inf),
        ("Crawl-delay: 1e-320", None),
        ("Crawl-delay: 1e-9", None),
        ("Crawl-delay: nan", None),
        ("Crawl-delay: inf", None),
        ("Crawl-delay: 1_0", None),
        ("Crawl-delay: .5", 0.5),
        ("Crawl-delay: 1\nCrawl-delay: 7\nCrawl-delay: 2", 7),
        ("Request-rate: 1/" + "9" * 4000, math.inf),
        ("Request-rate: 1/" + "9" * 5000, math.inf),
        ("Request-rate: " + "9" * 4000 + "/1", None),
        ("Request-rate: " + "9" * 4000 + "/" + "9" * 4000, None),
        ("Request-rate: 0/5", None),
        ("Request-rate: 5/0", None),
        ("Request-rate: 2/1m\nRequest-rate: 1/1h", 3600),
    ],
)
def test_numbers_of_any_size_are_read_within_bounds(lines: str, delay: float | None) -> None:
    assert rules_of(f"User-agent: *\n{lines}\n").delay_seconds(AGENT) == delay


@pytest.mark.parametrize(
    "line",
    [
        "Crawl-delay: " + "1" * 400_000 + "x",
        "Crawl-delay" + " " * 400_000 + "x",
        "Request-rate: " + "1" * 200_000 + "/" + "1" * 200_000 + "x",
        "Request-rate: 1" + " " * 400_000 + "x",
        "User-agent" + " " * 400_000 + "x",
        "Disallow" + " " * 400_000 + "x",
    ],
    ids=lambda line: line[:20],
)
def test_a_line_as_long_as_the_file_is_read_in_time_of_its_length(line: str) -> None:
    started = time.process_time()
    assert rules_of(f"User-agent: *\n{line}\nDisallow: /x\n").delay_seconds(AGENT) is None
    assert time.process_time() - started < 5


@pytest.mark.parametrize("status", [102, 103, 199])
def test_an_interim_answer_is_no_word_on_what_is_allowed(status: int) -> None:
    assert not RobotsRules.from_answer(status).is_allowed(SITE + "/page", AGENT)
