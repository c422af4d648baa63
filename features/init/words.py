"""By which words do companies call the columns and tables that Tenure knows? In several languages.

Phrases are written in lower case, their words apart; `likeness` splits names alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

CUSTOMER = (
    "customer id", "customer", "cust", "cust id", "customer no", "customer number", "client id",
    "client", "user id", "user", "member id", "member", "account id", "account no", "account",
    "acct", "household id", "household", "contact id", "subscriber id", "subscriber", "buyer id",
    "person id", "shopper id", "visitor id", "profile id", "msisdn",
    "kunde", "kunden id", "kundennummer", "kunden nr", "kundennr",
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

COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "customers": {
        "signed_up_at": (
            "signed up at", "signup date", "sign up", "created on", "created at", "created",
            "joined", "join date", "joined on", "registered", "registration date",
            "customer since", "since", "anlagedatum", "kunde seit", "fecha alta",
            "date inscription", "date creation",
        ),
    },
    "subscriptions": {
        "started_at": (
            "started at", "start date", "start", "started", "begin", "begin date", "valid from",
            "from date", "contract start", "subscription start", "beginn", "vertragsbeginn",
            "date debut", "fecha inicio", "activated",
        ),
        "ended_at": (
            "ended at", "end date", "end", "ended", "cancelled at", "cancelled on", "canceled at",
            "cancel date", "cancellation date", "valid to", "valid until", "expired", "ende",
            "vertragsende", "date fin", "fecha fin", "terminated",
        ),
        "plan": ("plan", "product", "tariff", "tarif", "package", "tier", "subscription type"),
        "monthly_amount": (
            "monthly amount", "monthly charge", "monthly charges", "monthly fee", "mrr",
            "monthly price", "price", "fee", "amount", "monatspreis",
        ),
        "renews_at": ("renews at", "renewal date", "next billing", "renews"),
        "cancel_reason": ("cancel reason", "cancellation reason", "reason", "churn reason"),
    },
    "usage": {
        "occurred_at": (
            "occurred at", "timestamp", "event time", "event date", "time", "date", "datetime",
            "event timestamp", "at", "ts", "day", "logged at", "login at", "redemption date",
            "datum", "fecha", "zeitpunkt", "created at",
        ),
        "event": (
            "event", "event type", "event name", "action", "activity", "feature", "page", "screen",
            "genres", "ereignis", "evento",
        ),
        "quantity": ("quantity", "count", "amount", "units", "rating", "value", "anzahl"),
        "duration_seconds": ("duration seconds", "duration sec", "seconds"),
    },
    "tickets": {
        "opened_at": (
            "opened at", "opened", "open date", "created at", "created", "created on",
            "ticket created", "submitted at", "reported at", "date opened", "eroeffnet",
        ),
        "ticket_id": ("ticket id", "ticket no", "ticket number", "case id", "case no", "ticket"),
        "first_response_at": (
            "first response at", "first response time", "first response", "first reply at",
        ),
        "resolved_at": (
            "resolved at", "resolved", "closed at", "closed", "closed on", "solved at",
            "time to resolution", "resolution time", "geschlossen",
        ),
        "contacts": ("contacts", "replies", "interactions", "touches"),
        "reopened": ("reopened", "is reopened"),
        "escalated": ("escalated", "is escalated"),
        "channel": ("ticket channel", "channel", "source", "kanal", "canal"),
        "category": ("ticket type", "category", "type", "topic", "subject", "ticket subject",
                     "kategorie", "categoria"),
        "priority": ("ticket priority", "priority", "severity", "urgency", "prioritaet"),
        "handle_minutes": ("handle minutes", "handling minutes", "handle time minutes"),
        "text": ("ticket description", "description", "text", "message", "body"),
    },
    "surveys": {
        "answered_at": (
            "answered at", "answer date", "answer timestamp", "answered", "response date",
            "responded at", "completed at", "review date", "date", "submitted at", "created at",
            "time to resolution",
        ),
        "instrument": ("instrument", "survey type"),
        "score": (
            "score", "review score", "review rating", "rating", "nps", "nps score", "csat", "ces",
            "satisfaction", "customer satisfaction rating", "satisfaction score", "stars",
            "bewertung", "puntuacion", "note",
        ),
        "sent_at": ("sent at", "sent", "sent on", "invited at", "creation date"),
        "scale": ("scale",),
        "touchpoint": ("touchpoint", "survey name"),
        "comment": ("comment", "review text", "comment message", "text", "feedback", "verbatim",
                    "kommentar", "comentario", "commentaire"),
    },
    "orders": {
        "ordered_at": (
            "ordered at", "order date", "purchase timestamp", "order purchase timestamp",
            "purchased on", "purchased at", "purchase date", "invoice date", "transaction date",
            "transaction timestamp", "sale date", "booked at", "date", "day", "datetime",
            "timestamp", "bestelldatum", "rechnungsdatum", "datum", "fecha", "fecha compra",
            "date commande", "date achat", "data compra", "created at",
        ),
        "amount": (
            "amount", "total amount", "order total", "total price", "total", "order value",
            "sales value", "payment value", "net amount", "gross amount", "revenue", "sales",
            "spend", "dollar value", "value", "price", "betrag", "gesamtbetrag", "umsatz", "summe",
            "preis", "montant", "montant total", "prix", "importe", "precio", "valor", "total eur",
            "unit price", "einzelpreis", "stueckpreis", "prix unitaire", "precio unitario",
        ),
        "order_id": (
            "order id", "order no", "order number", "purchase id", "transaction id", "invoice",
            "invoice no", "invoice id", "basket id", "receipt id", "bestellnummer", "bestell nr",
            "numero commande", "id pedido", "ticket id",
        ),
        "margin": ("margin", "profit", "gross margin", "marge"),
        "discount": ("discount", "discount amount", "rabatt", "remise", "descuento"),
        "channel": ("channel", "sales channel", "kanal", "canal"),
        "category": ("category", "department", "product category", "kategorie", "categoria",
                     "categorie"),
        "refunded_at": ("refunded at", "refund date", "returned at", "return date"),
    },
    "payments": {
        "due_at": ("due at", "due date", "due", "faellig am", "echeance", "vencimiento"),
        "paid_at": ("paid at", "paid on", "paid", "payment date", "bezahlt am", "paye le"),
        "failed_at": ("failed at", "failed on", "failed"),
        "amount": ("amount", "payment value", "payment amount", "betrag", "montant", "importe"),
    },
    "mentions": {
        "posted_at": ("posted at", "posted", "tweeted at", "created at", "date"),
        "network": ("network", "platform", "source"),
        "text": ("text", "tweet", "message", "content", "body"),
        "sentiment": ("sentiment", "polarity"),
    },
    "campaigns": {
        "assigned_at": ("assigned at", "assigned"),
        "contacted_at": ("contacted at", "contact date", "sent at", "start date", "mailing date"),
        "arm": ("arm", "variant", "treatment", "test group"),
        "campaign": ("campaign", "campaign id", "campaign name"),
        "cost": ("cost", "contact cost"),
        "offer": ("offer", "campaign type", "incentive"),
    },
}  # fmt: skip
"""History -> its column -> what companies call it, likelier names first."""

DISTINCTIVE = {
    "subscriptions": ("started_at", "ended_at", "plan", "monthly_amount", "renews_at"),
    "tickets": ("ticket_id", "opened_at", "resolved_at", "first_response_at", "priority"),
    "surveys": ("score", "answered_at", "instrument", "comment"),
    "orders": ("amount", "order_id", "ordered_at", "discount", "margin"),
    "usage": ("event", "duration_seconds"),
    "payments": ("due_at", "paid_at", "failed_at"),
    "mentions": ("posted_at", "network", "sentiment"),
    "campaigns": ("arm", "campaign", "contacted_at", "assigned_at", "offer"),
    "customers": ("signed_up_at",),
}
"""Columns that tell a history from the others."""

QUANTITIES = (
    "quantity", "qty", "units", "count", "anzahl", "menge", "stueck", "stueckzahl", "pieces", "pcs",
    "quantite", "qte", "cantidad", "quantidade", "aantal",
)  # fmt: skip
_PRICES = {"price", "preis", "prix", "precio", "preco", "prijs", "unitprice", "einzelpreis",
           "stueckpreis"}  # fmt: skip
_WHOLE = {"total", "order", "sum", "line", "row", "gross", "net", "gesamt", "summe", "sub",
          "extended", "invoice", "basket"}  # fmt: skip

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
    """
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
