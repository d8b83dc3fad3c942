"""What kind of page it is that holds no products: a shell for scripts, a challenge, a consent.

Signs, not proofs: they are said beside the fact that a selector found nothing, and decide nothing.
"""

from __future__ import annotations

import re

from lxml import etree

from catalog_pipeline.reading.html.text import page_title, visible_text

_SHELL_TEXT = 400
"""A page that shows fewer characters than this, and has scripts, is a shell."""
_SHORT_TEXT = 4_000
"""A challenge says little; a page that says more only mentions one."""
_MOUNTS = ("root", "app", "__next", "__nuxt", "___gatsby", "svelte", "main-app")
_CHALLENGE = re.compile(
    r"just a moment|attention required|checking your browser|verify(?:ing)? (?:that )?you are"
    r"|are you (?:a )?(?:human|robot)|not a robot|captcha|unusual traffic|access denied"
    r"|request blocked|pardon our interruption|bot detection|security check",
    re.IGNORECASE,
)
_CHALLENGE_MARKUP = re.compile(
    r"challenge-platform|cf-chl|g-recaptcha|h-captcha|px-captcha|datadome|_incapsula_resource"
    r"|captcha-delivery|awswaf",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"before you continue|accept (?:all )?cookies|cookie consent|we value your privacy"
    r"|(?:are|confirm) you(?: are)? (?:over )?1[68]|age verification|verify your age",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(r"(?:window\.|var |let |const )\s*([\w$]+)\s*=\s*[{\[]|JSON\.parse\(")
_JSON_BYTES = 200
_MOST_NAMED = 3


def page_kind(root: etree._Element) -> str | None:
    """A sentence's part on what the page seems to be, None if it looks like any page."""
    text = " ".join(f"{page_title(root)} {visible_text(root)}".split())
    if len(text) <= _SHORT_TEXT:
        if _CHALLENGE.search(text) or _has_challenge_markup(root):
            return "it looks like a challenge for people and not like a listing"
        if _CONSENT.search(text) and next(root.iter("form", "button"), None) is not None:
            return "it looks like a page that asks for consent or age first"
    if _is_shell(root, text):
        named = embedded_json(root)
        where = f"; the data may be in {', '.join(named)}" if named else ""
        return f"it looks like an empty shell that JavaScript fills{where}"
    return None


def embedded_json(root: etree._Element) -> tuple[str, ...]:
    """Where the page has JSON in its scripts, as people would name the place."""
    found: list[str] = []
    for script in root.iter("script"):
        text = script.text or ""
        if len(text) < _JSON_BYTES:
            continue
        kind = (script.get("type") or "").lower()
        assigned = None if "json" in kind else _ASSIGNED.search(text)
        if script.get("id") and ("json" in kind or assigned):
            found.append(f"script#{script.get('id')}")
        elif "json" in kind:
            found.append(f'script[type="{kind}"]')
        elif assigned:
            found.append(f"a script's {assigned[1] or 'JSON.parse(…)'}")
    return tuple(dict.fromkeys(found))[:_MOST_NAMED]


def _is_shell(root: etree._Element, text: str) -> bool:
    scripts = next(root.iter("script"), None) is not None
    if scripts and len(text) < _SHELL_TEXT:
        return True
    mounts = (root.xpath("//*[@id=$name]", name=name) for name in _MOUNTS)
    return scripts and any(
        not visible_text(mount).strip() and next(mount.iter("img", "a"), None) is None
        for found in mounts
        for mount in found
    )


def _has_challenge_markup(root: etree._Element) -> bool:
    attributes = (
        value for element in root.iter("script", "div", "form", "iframe")
        for value in (element.get("src"), element.get("class"), element.get("id"))
    )  # fmt: skip
    return any(value and _CHALLENGE_MARKUP.search(value) for value in attributes)
