"""What the signs of currencies stand for, as ISO 4217 codes.

All signs that price-parser finds are here but those of no currency: `₿`, and `تومان`, which is ten
rials. Which of several meanings a price has is decided in `currencies`.
"""

# ruff: noqa: RUF001 (currencies are written in many alphabets)
from __future__ import annotations

_RIGHT_TO_LEFT = "\u200f"
_OF_ONE = {
    "AED": "د.إ.",
    "AFN": "؋",
    "AMD": "֏ դր դր.",
    "AOA": "Kz",
    "ARS": "AR$",
    "AUD": "AU$ A$",
    "AZN": "₼",
    "BAM": "KM",
    "BBD": "Bds$",
    "BDT": "৳ ৲ টকা Tk",
    "BGN": "лв лв.",
    "BHD": "BD د.ب.",
    "BND": "BN$",
    "BRL": "R$",
    "BZD": "BZ$",
    "CAD": "CA$",
    "CLP": "CL$",
    "CNY": "CN¥ RMB",
    "COP": "CO$",
    "CRC": "₡",
    "CVE": "CV$",
    "CZK": "Kč",
    "DKK": "Dkr",
    "DOP": "RD$",
    "DZD": "DA د.ج.",
    "EGP": "ج.م.",
    "EUR": "€ euro eur",
    "GEL": "₾",
    "GHS": "₵ GH₵",
    "HKD": "HK$",
    "HUF": "Ft",
    "IDR": "Rp",
    "ILS": "₪",
    "INR": "₹ ૱",
    "IQD": "د.ع.",
    "ISK": "Ikr",
    "JMD": "J$",
    "JOD": "JD د.أ.",
    "JPY": "円",
    "KES": "Ksh",
    "KHR": "៛",
    "KWD": "KD د.ك.",
    "KZT": "₸ тңг тңг.",
    "LAK": "₭",
    "LBP": "LB£ ل.ل.",
    "MAD": "د.م.",
    "MNT": "₮",
    "MOP": "MOP$",
    "MVR": "ރ",
    "MXN": "MX$",
    "MYR": "RM",
    "NAD": "N$",
    "NGN": "₦",
    "NOK": "Nkr",
    "NPR": "नेरू",
    "NZD": "NZ$",
    "OMR": "ر.ع.",
    "PAB": "B/.",
    "PEN": "S/.",
    "PHP": "₱",
    "PLN": "zł Zł pln",
    "PYG": "₲",
    "QAR": "QR ر.ق.",
    "RUB": "₽ руб руб.",
    "SAR": "SR ر.س.",
    "SEK": "Skr",
    "SGD": "S$",
    "SYP": "SY£ ل.س.",
    "THB": "฿",
    "TND": "د.ت.",
    "TOP": "T$",
    "TRY": "₺ TL",
    "TTD": "TT$",
    "TWD": "NT$ NTD",
    "TZS": "TSh",
    "UAH": "₴ грн грн.",
    "UGX": "USh",
    "USD": "US$",
    "UYU": "$U",
    "VND": "₫ đ",
    "WST": "WS$",
    "YER": "ر.ي.",
    "ZWL": "Z$",
}
"""The signs of each currency that no other one has."""
_OF_ONE_DECLARED = {
    "AFN": "Af",
    "ALL": "Lek",
    "ATS": "öS",
    "AWG": "Afl.",
    "BIF": "FBu",
    "BTN": "Nu.",
    "CDF": "FC FrCD",
    "CLF": "UF",
    "CUC": "CUC$",
    "DEM": "DM D-Mark",
    "DJF": "Fdj",
    "ECS": "Sucre",
    "EEK": "kroon",
    "ERN": "Nfk",
    "ESP": "Pt Pts Ptas Pta ₧",
    "FIM": "mk.",
    "GNF": "FG",
    "GRD": "₯ Δρ. Δρχ.",
    "HRK": "kn",
    "IEP": "IR£",
    "KMF": "CF",
    "LKR": "SLRs",
    "LTL": "Lt litų",
    "LVL": "Ls",
    "MTL": "Lm",
    "MUR": "MURs",
    "MVR": "Rf MRf",
    "MWK": "MK",
    "MZN": "MTn",
    "NPR": "NPRs",
    "PKR": "PKRs",
    "SIT": "tolarjev",
    "SKK": "Sk",
    "SOS": "Ssh",
    "TND": "DT",
    "VEF": "Bs.F.",
    "VUV": "VT",
    "XPF": "CFP",
    "YER": "YR",
    "ZMW": "ZK",
}
"""Those that are words as well, or of money that is gone: they agree with a currency that is
declared, and name none."""
_DOLLARS = """
    ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUC CUP CVE DOP FJD GYD HKD JMD KYD LRD MOP MXN NAD NIO
    NZD SBD SGD SRD TOP TTD TWD USD UYU WST XCD ZWL
"""
_POUNDS = "EGP FKP GBP GIP LBP SDG SHP SSP SYP"
_FRANCS = "BEF BIF CDF CHF DJF FRF GNF KMF LUF RWF XAF XOF XPF"
_OF_SEVERAL = (
    ("$", None, _DOLLARS),
    ("£", "GBP", _POUNDS),
    ("Fr. fr. FR ₣", None, _FRANCS),
    ("¥ ￥", None, "CNY JPY"),
    ("원 ₩", "KRW", "KPW KRW"),
    ("kr Kr", None, "DKK ISK NOK SEK"),
    ("CFA FCFA", None, "XAF XOF"),
    ("р. р Р", None, "BYN RUB"),
    ("дин. динар din. Dinara", None, "BAM MKD RSD"),
    ("Bs Bs.", None, "BOB VEF VES"),
    ("Br", None, "BYN ETB"),
    ("Rs ₨", None, "INR LKR MUR NPR PKR SCR"),
    ("र", None, "INR NPR"),
    ("௹", None, "INR LKR"),
    ("lei Lei LEI leu", None, "MDL RON"),
    ("ريال ریال ﷼", None, "IRR OMR QAR SAR YER"),
    ("درهم", None, "AED MAD"),
    ("ƒ", None, "ANG AWG"),
    ("fl.", None, "ANG AWG NLG"),
    ("جنيه", None, "EGP LBP SDG SSP SYP"),
    ("₤", None, "CYP GBP ITL MTL"),
    ("man. ман.", None, "AZN TMT"),
    ("LD د.ل.", None, "LRD LYD"),
    ("UM", None, "MRO MRU"),
    ("Le", None, "SLE SLL"),
    ("Db", None, "STD STN"),
    ("C$", "CAD", "CAD NIO"),
)
"""Signs, what they mean if nothing is declared, and what they may mean."""

_MEANINGS = {
    sign: (code if names_it else None, frozenset({code}))
    for names_it, table in ((True, _OF_ONE), (False, _OF_ONE_DECLARED))
    for code, signs in table.items()
    for sign in signs.split()
} | {
    sign: (default, frozenset(codes.split()))
    for signs, default, codes in _OF_SEVERAL
    for sign in signs.split()
}


def meaning_of_sign(sign: str) -> tuple[str | None, frozenset[str]]:
    """What a sign means without more, and all that it may mean; nothing if that is not known."""
    return _MEANINGS.get(sign.strip(_RIGHT_TO_LEFT), (None, frozenset()))
