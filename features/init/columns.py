"""What do companies call the columns of each history, and which of them tell it from the others?

Phrases are written as in `features.init.words`.
"""

from __future__ import annotations

COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "customers": {
        "signed_up_at": (
            "signed up at", "signup date", "sign up", "created on", "created at", "created",
            "joined", "join date", "joined on", "registered", "registration date",
            "customer since", "since", "anlagedatum", "kunde seit", "eintritt", "eintrittsdatum",
            "angelegt am", "registriert am", "fecha alta",
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
            "vertragsende", "gekuendigt am", "kuendigungsdatum", "date fin", "fecha fin",
            "terminated",
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
            "datum", "fecha", "zeitpunkt", "zeitstempel", "created at",
        ),
        "event": (
            "event", "event type", "event name", "action", "activity", "feature", "page", "screen",
            "genres", "ereignis", "aktion", "evento",
        ),
        "quantity": ("quantity", "count", "amount", "units", "rating", "value", "anzahl"),
        "duration_seconds": ("duration seconds", "duration sec", "seconds"),
    },
    "tickets": {
        "opened_at": (
            "opened at", "opened", "open date", "created at", "created", "created on",
            "ticket created", "submitted at", "reported at", "date opened", "eroeffnet",
            "eroeffnet am", "erstellt am",
        ),
        "ticket_id": ("ticket id", "ticket no", "ticket number", "case id", "case no", "ticket"),
        "first_response_at": (
            "first response at", "first response time", "first response", "first reply at",
        ),
        "resolved_at": (
            "resolved at", "resolved", "closed at", "closed", "closed on", "solved at",
            "time to resolution", "resolution time", "geschlossen", "geschlossen am", "geloest am",
            "geloest",
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
            "responded at", "completed at", "beantwortet", "beantwortet am", "review date", "date",
            "submitted at", "created at",
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
            "timestamp", "bestelldatum", "rechnungsdatum", "belegdatum", "datum", "fecha",
            "fecha compra", "date commande", "date achat", "data compra", "created at",
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
            "belegnummer", "beleg nr", "rechnungsnummer",
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
        "due_at": ("due at", "due date", "due", "faellig am", "faellig", "echeance", "vencimiento"),
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
