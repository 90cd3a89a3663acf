import json
import time

import pytest
import stripe
from conftest import HOLD, SALE


def told(shop, ear, *types):
    return shop.v1.webhook_endpoints.create({"url": ear.url, "enabled_events": list(types)})


def verify(notice, secret, tolerance=300):
    body, signature = notice
    return stripe.Webhook.construct_event(body, signature, secret, tolerance)


def test_a_notice_is_verified_by_the_sdks_own_function(shop, ear):
    hook = told(shop, ear, "payment_intent.succeeded")
    sale = shop.v1.payment_intents.create({**SALE, "description": "Žofie 注文 🎁"})
    ear.count(1)
    event = verify(ear.heard[0], hook.secret)
    assert (event.type, event.data.object.id) == ("payment_intent.succeeded", sale.id)
    assert event.data.object.description == "Žofie 注文 🎁"


def test_a_forged_or_changed_notice_is_refused(shop, ear):
    hook = told(shop, ear, "payment_intent.created")
    shop.v1.payment_intents.create(SALE)
    ear.count(1)
    body, signature = ear.heard[0]
    for forged in [((body, signature), "whsec_forged"), ((body.replace(b"1999", b"1"), signature), hook.secret)]:
        with pytest.raises(stripe.SignatureVerificationError):
            verify(*forged)


def test_a_stale_notice_is_refused(shop, ear, monkeypatch):
    hook = told(shop, ear, "payment_intent.created")
    shop.v1.payment_intents.create(SALE)
    ear.count(1)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 301)
    with pytest.raises(stripe.SignatureVerificationError):
        verify(ear.heard[0], hook.secret)


def test_both_secrets_verify_while_one_follows_the_other(bank, shop, ear):
    hook = told(shop, ear, "payment_intent.created")
    secret = bank.control("POST", f"webhook_endpoints/{hook.id}/rotate", {"overlap_s": 60})["secret"]
    shop.v1.payment_intents.create(SALE)
    ear.count(1)
    assert {verify(ear.heard[0], one).type for one in (hook.secret, secret)} == {"payment_intent.created"}


def test_a_secret_is_shown_once(shop, ear):
    hook = told(shop, ear, "*")
    assert hook.secret.startswith("whsec_")
    assert "secret" not in shop.v1.webhook_endpoints.retrieve(hook.id)
    assert shop.v1.webhook_endpoints.delete(hook.id).deleted


def test_who_fails_is_told_again(shop, ear):
    told(shop, ear, "charge.succeeded")
    ear.says = 500
    shop.v1.payment_intents.create(SALE)
    ear.count(1)
    ear.says = 200
    ear.count(2)
    assert len({json.loads(body)["id"] for body, _ in ear.heard}) == 1


def test_everything_is_told_twice_on_demand(shop, ear):
    told(shop, ear, "payment_intent.succeeded")
    shop.v1.payment_intents.create({**SALE, "payment_method": "pm_of_duplicate_webhook"})
    ear.count(2)
    assert len({json.loads(body)["id"] for body, _ in ear.heard}) == 1


def test_events_are_looked_up(shop):
    hold = shop.v1.payment_intents.create(HOLD)
    shop.v1.payment_intents.cancel(hold.id)
    events = shop.v1.events.list({"type": "payment_intent.*"}).data
    assert [event.type for event in events] == [
        "payment_intent.canceled",
        "payment_intent.amount_capturable_updated",
        "payment_intent.created",
    ]
    assert shop.v1.events.retrieve(events[1].id).data.object.status == "requires_capture"


def test_what_was_not_delivered_is_delivered_after_kill_9(bank, ear):
    shop = bank.shop("sk_test_py_killed")
    hook = told(shop, ear, "payment_intent.succeeded")
    ear.says = 503
    sale = shop.v1.payment_intents.create(SALE)
    ear.count(1)
    bank.kill()
    ear.says = 200
    seen = len(ear.heard)
    bank.start()
    ear.count(seen + 1)
    assert verify(ear.heard[seen], hook.secret).data.object.id == sale.id
