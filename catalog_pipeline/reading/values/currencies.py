"""Which ISO 4217 currency a price's symbol stands for, alone and with a declared currency.

Symbols that several currencies share need a declared currency, `$` and `¥` as well. Only `£` and
`₩` have a default, since shops outside of one country hardly use them.
"""

# ruff: noqa: RUF001 (currencies are written in many alphabets)
from __future__ import annotations

import re

from price_parser.parser import CURRENCY_CODES, extract_currency_symbol

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.open_price import OpenPriceError
from catalog_pipeline.reading.values.separators import is_money_of_today

_NO_CODES = {"RMB", "NTD"}
"""What is written as if it were a code of ISO 4217, and is a sign."""
CODES = frozenset(
    code for code in CURRENCY_CODES if re.fullmatch(r"[A-Z]{3}", code) and code not in _NO_CODES
)

_DOLLARS = frozenset(
    [
        "USD",
        "ARS",
        "AUD",
        "BBD",
        "BMD",
        "BND",
        "BSD",
        "BZD",
        "CAD",
        "CLP",
        "COP",
        "CUP",
        "DOP",
        "FJD",
        "GYD",
        "HKD",
        "JMD",
        "KYD",
        "LRD",
        "MXN",
        "NAD",
        "NIO",
        "NZD",
        "SBD",
        "SGD",
        "SRD",
        "TTD",
        "TWD",
        "UYU",
        "XCD",
        "ZWL",
    ]
)
_CROWNS = frozenset({"SEK", "NOK", "DKK", "ISK"})
_FRANCS = frozenset(
    ["CHF", "XAF", "XOF", "XPF", "KMF", "DJF", "RWF", "BIF", "GNF", "CDF", "FRF", "BEF", "LUF"]
)
_SHARED: dict[str, tuple[str | None, frozenset[str]]] = {
    "$": (None, _DOLLARS),
    "£": ("GBP", frozenset({"GBP", "EGP", "FKP", "GIP", "LBP", "SHP", "SSP", "SYP", "SDG"})),
    "¥": (None, frozenset({"JPY", "CNY"})),
    "￥": (None, frozenset({"JPY", "CNY"})),
    "원": ("KRW", frozenset({"KRW", "KPW"})),
    "kr": (None, _CROWNS),
    "Kr": (None, _CROWNS),
    **dict.fromkeys(("Fr.", "fr.", "FR", "₣"), (None, _FRANCS)),
    **dict.fromkeys(("CFA", "FCFA"), (None, frozenset({"XAF", "XOF"}))),
    **dict.fromkeys(("р.", "р", "Р"), (None, frozenset({"RUB", "BYN"}))),
    **dict.fromkeys(("дин.", "динар", "din.", "Dinara"), (None, frozenset({"RSD", "MKD", "BAM"}))),
    **dict.fromkeys(("Bs", "Bs."), (None, frozenset({"BOB", "VES", "VEF"}))),
    "Br": (None, frozenset({"BYN", "ETB"})),
    "Rs": (None, frozenset({"INR", "PKR", "LKR", "NPR", "MUR", "SCR"})),
    "₨": (None, frozenset({"INR", "PKR", "LKR", "NPR", "MUR", "SCR"})),
    **dict.fromkeys(("lei", "Lei", "LEI", "leu"), (None, frozenset({"RON", "MDL"}))),
    **dict.fromkeys(("ريال", "ریال"), (None, frozenset({"IRR", "OMR", "QAR", "SAR", "YER"}))),
    "درهم": (None, frozenset({"AED", "MAD"})),
    "ƒ": (None, frozenset({"ANG", "AWG"})),
    "₩": ("KRW", frozenset({"KRW", "KPW"})),
    "﷼": (None, frozenset({"IRR", "OMR", "QAR", "SAR", "YER"})),
}
_OWN = {
    "US$": "USD", "AU$": "AUD", "A$": "AUD", "CA$": "CAD", "C$": "CAD", "NZ$": "NZD",
    "HK$": "HKD", "MX$": "MXN", "NT$": "TWD", "AR$": "ARS", "CL$": "CLP", "CO$": "COP",
    "S$": "SGD", "R$": "BRL", "€": "EUR", "euro": "EUR", "eur": "EUR", "CN¥": "CNY",
    "₹": "INR", "₽": "RUB", "руб": "RUB", "руб.": "RUB", "₫": "VND", "₺": "TRY", "₴": "UAH",
    "грн": "UAH", "грн.": "UAH", "zł": "PLN", "Zł": "PLN", "Kč": "CZK", "Ft": "HUF",
    "лв": "BGN", "лв.": "BGN", "₪": "ILS", "฿": "THB", "₱": "PHP", "₦": "NGN", "₵": "GHS",
    "GH₵": "GHS", "₲": "PYG", "₡": "CRC", "₸": "KZT", "₾": "GEL", "₼": "AZN", "៛": "KHR",
    "₮": "MNT", "₭": "LAK", "৳": "BDT", "֏": "AMD", "Rp": "IDR", "؋": "AFN",
    "円": "JPY", "RMB": "CNY", "NTD": "TWD", "đ": "VND", "TL": "TRY", "RM": "MYR", "KM": "BAM",
    "kn": "HRK", "pln": "PLN", "S/.": "PEN", "B/.": "PAB", "Skr": "SEK", "Nkr": "NOK", "Dkr": "DKK",
    "Ikr": "ISK", "Kz": "AOA", "DA": "DZD", "KD": "KWD", "BD": "BHD", "JD": "JOD", "QR": "QAR",
    "SR": "SAR", "Ksh": "KES", "TSh": "TZS", "USh": "UGX", "Tk": "BDT", "DM": "DEM",
    "D-Mark": "DEM", "Pts": "ESP", "Ptas": "ESP", "Pta": "ESP", "تومان": "IRR",
}  # fmt: skip
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")


def is_currency(code: str) -> bool:
    """Whether a code of ISO 4217 stands for money that is in use somewhere."""
    return code in CODES or is_money_of_today(code)


def code_of_sign(sign: str, declared: str | None) -> str | None:
    """The ISO code that a sign stands for; None if that is open or contradicts `declared`."""
    default, possible = _meaning(sign)
    if declared is None:
        return default
    return declared if declared in possible else None


def split_currency(text: str, declared: str | None) -> tuple[str | None, str]:
    """The ISO code of a text around an amount, and what of the text is not the currency.

    Raises:
        ParseError: the text contradicts the declared currency, or leaves it open.
    """
    code = next((found[0] for found in _CODE.finditer(text) if found[0] in CODES), None)
    rest = text.replace(code, " ", 1) if code else text
    symbol = (extract_currency_symbol(rest, None) or "").strip()
    rest = rest.replace(symbol, " ") if symbol else rest
    if not symbol and not code:
        return None, rest
    return _agreed(symbol, code, declared), rest


def _agreed(symbol: str, code: str | None, declared: str | None) -> str:
    default, possible = _meaning(symbol)
    if declared and code and code != declared:
        raise ParseError(f"the price is in {code}, but `currency` says {declared}")
    wanted = code or declared
    if not symbol or (wanted and not possible):
        return wanted or _open(symbol)
    if wanted and wanted not in possible:
        source = "the price itself" if code else "`currency`"
        raise ParseError(f"the price has the sign {symbol}, but {source} says {wanted}")
    return wanted or default or _open(symbol)


def _meaning(symbol: str) -> tuple[str | None, frozenset[str]]:
    if symbol in _OWN:
        return _OWN[symbol], frozenset({_OWN[symbol]})
    if symbol in CODES:
        return symbol, frozenset({symbol})
    return _SHARED.get(symbol, (None, frozenset()))


def _open(symbol: str) -> str:
    raise OpenPriceError(
        f"the sign {symbol} stands for several currencies; declare `currency`",
        key="currency",
        possible=_meaning(symbol)[1],
    )
