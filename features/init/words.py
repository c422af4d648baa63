"""By which words do companies call the columns and tables that Tenure knows? In several languages.

Phrases are written in lower case, their words apart; `likeness` splits names alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

CUSTOMER = (
    "customer id", "customer", "cust", "cust id", "customer no", "customer number", "client id",
    "client", "user id", "user", "member id", "member", "account id", "account no", "account",
    "acct", "household id", "household", "contact id", "subscriber id", "subscriber", "buyer id",
    "person id", "shopper id", "visitor id", "profile id", "msisdn",
    "kunde", "kunden id", "kundennummer", "kunden nr", "kundennr", "kunden no", "kd nr", "kd no",
    "kd id", "kundnr", "mitgliedsnummer",
    "id client", "numero client", "code client", "utilisateur",
    "cliente", "id cliente", "usuario", "id usuario",
    "klant", "klant id", "klantnummer", "kundnummer", "asiakas", "klient",
)  # fmt: skip
CUSTOMER_LOOSE = ("loyalty id", "card no", "card id", "customer email", "email", "e mail", "id")
ID_WORDS = {"id", "no", "nr", "number", "num", "key", "code", "unique", "nummer", "numero", "uuid"}
PERSON = ("unique", "person", "master", "golden")

LABELS = (
    "churn", "churned", "is churn", "churn label", "churn value", "exited", "attrition",
    "attrition flag", "attrited", "cancelled", "left", "abgewandert", "gekuendigt", "baja",
    "abandono", "resilie",
)  # fmt: skip
OUTCOMES = ("target", "label", "y", "outcome", "response", "visit", "conversion", "converted")
SUMMARIES = ("frequency", "recency", "t x", "monetary value", "zbar")
PRIVATE = (
    "name", "first name", "last name", "full name", "surname", "email", "e mail", "phone",
    "telephone", "mobile", "street", "street address", "address", "credit card", "birth", "dob",
    "iban", "ssn", "password", "nom", "prenom", "vorname", "nachname", "nombre", "apellido",
    "strasse", "telefon", "adresse", "direccion", "date of birth", "geburtsdatum",
)  # fmt: skip
LATER = ("satisfaction", "churn", "score", "status", "last", "total", "lifetime", "points", "tier")
"""Words of attributes that are usually filled in or changed after someone became a customer."""

TABLES = {
    "customers": "customer client user contact demographic people account member kunde kunden "
    "kundenstamm "
    "profile klant cliente crm household",
    "subscriptions": "subscription contract plan membership abo vertrag abonnement suscripcion",
    "usage": "usage event activity log session login visit click rating watch play view stream "
    "nutzung uso redemption elog",
    "tickets": "ticket case support complaint incident helpdesk issue reclamation anfrage",
    "surveys": "survey review nps csat feedback umfrage encuesta avis bewertung satisfaction",
    "orders": "order purchase sale transaction trans invoice receipt basket bestellung commande "
    "pedido venta venda compra rechnung achat pos umsatz ledger shop",
    "payments": "payment billing dunning zahlung paiement pago debit",
    "mentions": "mention tweet post social comment",
    "campaigns": "campaign mailing kampagne campagne campana treatment",
}

QUANTITIES = (
    "quantity", "qty", "units", "count", "anzahl", "menge", "stueck", "stueckzahl", "pieces", "pcs",
    "quantite", "qte", "cantidad", "quantidade", "aantal",
)  # fmt: skip
_PRICES = {"price", "preis", "prix", "precio", "preco", "prijs", "unitprice", "einzelpreis",
           "stueckpreis"}  # fmt: skip
_WHOLE = {"total", "order", "sum", "line", "row", "gross", "net", "gesamt", "summe", "sub",
          "extended", "invoice", "basket"}  # fmt: skip

_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
)

CURRENCIES = {
    "dollar": "USD", "usd": "USD", "eur": "EUR", "euro": "EUR", "gbp": "GBP", "pound": "GBP",
    "chf": "CHF", "brl": "BRL", "jpy": "JPY", "inr": "INR",
}  # fmt: skip


def tokens(name: str) -> list[str]:
    """Split a name into its words, in lower case.

    Examples
    --------
    >>> tokens("CustomerID"), tokens("order_purchase-timestamp"), tokens("userId2")
    (['customer', 'id'], ['order', 'purchase', 'timestamp'], ['user', 'id', '2'])
    >>> tokens("Gelöst am"), tokens("Numéro")
    (['geloest', 'am'], ['numero'])
    """
    name = unicodedata.normalize("NFC", name).translate(_UMLAUTS)
    name = re.sub(r"[\u0300-\u036f]", "", unicodedata.normalize("NFD", name))
    apart = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    apart = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", apart)
    return re.findall(r"[^\W\d_]+|\d+", apart.lower())


def likeness(name: str, phrases: Iterable[str]) -> float:
    """Return how much a name is like one of the phrases, from 0 to 1.

    Examples
    --------
    >>> likeness("Customer ID", ["customer id"])
    1.0
    >>> round(likeness("order_customer_id", ["customer id"]), 2)
    0.8
    >>> likeness("price", ["customer id"])
    0.0
    """
    words, best = tokens(name), 0.0
    joined = "".join(words)
    for place, phrase in enumerate(phrases):
        wanted = phrase.split()
        early = 0.001 * place  # likelier names come first
        if joined == "".join(wanted):
            return 1.0 - early
        if set(wanted) <= set(words):
            best = max(best, 0.9 - 0.1 * (len(words) - len(wanted)) - early)
    return max(best, 0.0)


def is_unit_price(name: str) -> bool:
    """Return whether a name is that of the price of one unit, not of all that were bought.

    Examples
    --------
    >>> is_unit_price("UnitPrice"), is_unit_price("Price"), is_unit_price("TotalPrice")
    (True, True, False)
    """
    words = set(tokens(name))
    return bool(words & _PRICES) and not words & _WHOLE


def customer_likeness(name: str) -> float:
    """Return how much a name is like that of a customer's id, from 0 to 1.

    Examples
    --------
    >>> customer_likeness("userId"), customer_likeness("customer_city")
    (0.99, 0.0)
    """
    words = set(tokens(name))
    for phrase in CUSTOMER:
        wanted = set(phrase.split())
        if wanted <= words and words - wanted <= ID_WORDS:
            return round(likeness(name, CUSTOMER), 2)
    return 0.8 if "".join(tokens(name)) in {each.replace(" ", "") for each in CUSTOMER} else 0.0


def names_table(name: str, history: str) -> bool:
    """Return whether a file's name says which history it is.

    Examples
    --------
    >>> names_table("OnlinePurchases.csv", "orders"), names_table("crm/people.csv", "customers")
    (True, True)
    """
    words = set(TABLES[history].split())
    found = {word.removesuffix("s") for word in tokens(name)} | set(tokens(name))
    return bool(words & found)
