import pytest
import stripe
from conftest import HOLD, SALE, until


def pay(shop, **more):
    return shop.v1.payment_intents.create({**SALE, **more})


def test_a_sale_at_once(bank, shop):
    sale = pay(shop)
    assert isinstance(sale, stripe.PaymentIntent)
    assert (sale.status, sale.amount_received, sale.livemode) == ("succeeded", 1999, False)
    assert bank.movements(sale.id) == [("authorization", 1999), ("capture", 1999)]
    assert shop.v1.payment_intents.retrieve(sale.id).to_dict() == sale.to_dict()


def test_confirmed_later(shop):
    made = shop.v1.payment_intents.create({"amount": 500, "currency": "eur"})
    assert made.status == "requires_payment_method"
    done = shop.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_mastercard"})
    assert done.status == "succeeded"


def test_held_and_captured(shop):
    hold = shop.v1.payment_intents.create(HOLD)
    assert (hold.status, hold.amount_capturable) == ("requires_capture", 1999)
    assert shop.v1.payment_intents.capture(hold.id).amount_received == 1999


def test_a_part_is_captured_and_the_rest_let_go(bank, shop):
    hold = shop.v1.payment_intents.create(HOLD)
    shop.v1.payment_intents.capture(hold.id, {"amount_to_capture": 1200})
    assert bank.movements(hold.id) == [("authorization", 1999), ("capture", 1200), ("void", 799)]


def test_over_capture_and_double_capture_are_refused(shop):
    hold = shop.v1.payment_intents.create(HOLD)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.v1.payment_intents.capture(hold.id, {"amount_to_capture": 2000})
    assert refused.value.code == "amount_too_large"
    shop.v1.payment_intents.capture(hold.id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.v1.payment_intents.capture(hold.id)
    assert refused.value.code == "payment_intent_unexpected_state"


def test_a_hold_is_canceled(bank, shop):
    hold = shop.v1.payment_intents.create(HOLD)
    gone = shop.v1.payment_intents.cancel(hold.id, {"cancellation_reason": "duplicate"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "duplicate")
    assert bank.movements(hold.id) == [("authorization", 1999), ("void", 1999)]


@pytest.mark.parametrize(
    ("method", "code", "decline"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
        ("pm_card_radarBlock", "card_declined", "fraudulent"),
    ],
)
def test_a_card_that_is_refused(bank, shop, method, code, decline):
    with pytest.raises(stripe.CardError) as refused:
        pay(shop, payment_method=method)
    error = refused.value
    assert (error.http_status, error.code, error.error.decline_code) == (402, code, decline)
    assert error.error.payment_intent.status == "requires_payment_method"
    assert bank.movements(error.error.payment_intent.id) == []


@pytest.mark.parametrize("method", ["pm_card_visa", "pm_card_mastercard", "pm_card_riskLevelElevated"])
def test_a_card_that_pays(shop, method):
    sale = pay(shop, payment_method=method, expand=["latest_charge"])
    assert (sale.status, sale.latest_charge.paid) == ("succeeded", True)


def test_3d_secure_is_passed(bank, shop):
    waits = pay(shop, payment_method="pm_card_authenticationRequired", return_url="https://shop.example/")
    assert (waits.status, waits.next_action.type) == ("requires_action", "redirect_to_url")
    bank.control("POST", f"challenges/{waits.id}", {"outcome": "passed"})
    assert shop.v1.payment_intents.retrieve(waits.id).status == "succeeded"


def test_3d_secure_is_failed(bank, shop):
    waits = pay(shop, payment_method="pm_card_authenticationRequired")
    bank.control("POST", f"challenges/{waits.id}", {"outcome": "failed"})
    failed = shop.v1.payment_intents.retrieve(waits.id)
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"


def test_a_dispute(shop):
    sale = pay(shop, payment_method="pm_card_createDispute")
    disputes = until(
        "it is disputed", lambda: shop.v1.disputes.list({"payment_intent": sale.id}).data
    )
    assert (disputes[0].amount, disputes[0].status) == (1999, "needs_response")


def test_zero_and_three_decimals(shop):
    assert pay(shop, amount=1205, currency="jpy").amount == 1205
    assert pay(shop, amount=1250, currency="kwd").amount == 1250
    with pytest.raises(stripe.InvalidRequestError):
        pay(shop, amount=1251, currency="kwd")


def test_names_beyond_ascii(shop):
    name = "Žofie 注文 🎁 & \"quotes\" = +%"
    sale = pay(shop, description=name, metadata={"klíč 鍵": name})
    seen = shop.v1.payment_intents.retrieve(sale.id)
    assert (seen.description, seen.metadata.to_dict()) == (name, {"klíč 鍵": name})


def test_metadata_is_merged_and_cleared(shop):
    sale = pay(shop, metadata={"a": "1", "b": "2"})
    update = shop.v1.payment_intents.update
    assert update(sale.id, {"metadata": {"b": "3", "c": "4"}}).metadata.to_dict() == {"a": "1", "b": "3", "c": "4"}
    assert update(sale.id, {"metadata": {"a": ""}}).metadata.to_dict() == {"b": "3", "c": "4"}
    assert update(sale.id, {"metadata": ""}).metadata.to_dict() == {}


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"amount": 0}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"currency": "zzz"}, None, "currency"),
        ({"capture_method": "someday"}, None, "capture_method"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"payment_method": "pm_nobody"}, "resource_missing", "payment_method"),
        ({"customer": "cus_nobody"}, "resource_missing", "customer"),
    ],
)
def test_what_makes_no_sense_is_refused(shop, change, code, param):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        pay(shop, **change)
    assert (refused.value.http_status, refused.value.code, refused.value.param) == (400, code, param)


def test_a_key_that_is_no_key(bank):
    with pytest.raises(stripe.AuthenticationError):
        bank.shop("pk_test_public").v1.balance.retrieve()


def test_what_is_expanded_is_whole(shop):
    sale = pay(shop, expand=["latest_charge.balance_transaction", "payment_method"])
    assert sale.latest_charge.balance_transaction.net == 1999
    assert sale.payment_method.card.last4 == "4242"


def test_refunds_in_part_and_too_much(shop):
    sale = pay(shop)
    refund = shop.v1.refunds.create({"payment_intent": sale.id, "amount": 1500, "reason": "duplicate"})
    assert (refund.status, refund.charge) == ("succeeded", sale.latest_charge)
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.refunds.create({"payment_intent": sale.id, "amount": 500})
    shop.v1.refunds.create({"payment_intent": sale.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.v1.refunds.create({"payment_intent": sale.id})
    assert refused.value.code == "charge_already_refunded"
    assert [one.amount for one in shop.v1.refunds.list({"charge": sale.latest_charge}).data] == [499, 1500]


@pytest.mark.parametrize(
    ("method", "first", "last"),
    [("pm_card_pendingRefund", "pending", "succeeded"), ("pm_card_refundFail", "succeeded", "failed")],
)
def test_refunds_that_change_their_mind(shop, method, first, last):
    sale = pay(shop, payment_method=method)
    refund = shop.v1.refunds.create({"payment_intent": sale.id})
    assert refund.status == first
    until(f"it {last}", lambda: shop.v1.refunds.retrieve(refund.id).status == last)


def test_customers_and_their_cards(shop):
    customer = shop.v1.customers.create({"name": "Žofie", "email": "z@example.com"})
    card = shop.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    sale = pay(shop, payment_method=card.id, customer=customer.id, expand=["customer"])
    assert sale.customer.name == "Žofie"
    kept = shop.v1.customers.payment_methods.list(customer.id).data
    assert [one.id for one in kept] == [card.id]
    assert shop.v1.payment_methods.detach(card.id).customer is None
    assert shop.v1.customers.delete(customer.id).deleted
