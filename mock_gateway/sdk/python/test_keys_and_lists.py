import concurrent.futures
import threading

import pytest
import stripe
from conftest import HOLD, SALE, until

CREATE = "POST /v1/payment_intents"


def pay(shop, options=None, **more):
    return shop.v1.payment_intents.create({**SALE, **more}, options)


def is_replay(sale):
    return sale.last_response.headers.get("Idempotent-Replayed") == "true"


def test_the_sdk_makes_a_key_for_every_post(bank):
    shop = bank.shop(max_network_retries=1)
    keys = [pay(shop).last_response.idempotency_key for _ in range(2)]
    assert all(keys) and keys[0] != keys[1]


def test_the_same_key_gives_the_same_answer(shop):
    options = {"idempotency_key": "same"}
    first = shop.v1.payment_intents.create(HOLD, options)
    shop.v1.payment_intents.cancel(first.id)
    again = shop.v1.payment_intents.create(HOLD, options)
    assert (is_replay(first), is_replay(again)) == (False, True)
    assert again.last_response.body == first.last_response.body


def test_other_parameters_under_a_known_key(shop):
    pay(shop, {"idempotency_key": "mismatch"})
    with pytest.raises(stripe.IdempotencyError) as refused:
        pay(shop, {"idempotency_key": "mismatch"}, amount=1)
    assert refused.value.http_status == 400


def test_twelve_at_once_under_one_key(bank):
    shop = bank.shop(max_network_retries=8)
    gate = threading.Barrier(12)

    def one(_):
        gate.wait()
        return pay(shop, {"idempotency_key": "twelve"}, payment_method="pm_of_slow_300").id

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        ids = set(pool.map(one, range(12)))
    assert len(ids) == 1
    assert len(bank.movements(ids.pop())) == 2


def test_a_key_in_use(bank, shop):
    options = {"idempotency_key": "in use"}
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(pay, shop, options, payment_method="pm_of_slow_800")
        until("the first waits", lambda: bank.control("GET", "stats")["in_flight"] == 2)
        with pytest.raises(stripe.APIError) as refused:
            pay(shop, options, payment_method="pm_of_slow_800")
        assert (refused.value.http_status, refused.value.error.code) == (409, "idempotency_key_in_use")
        assert first.result().status == "succeeded"


def test_503s_are_tried_again(bank):
    shop = bank.shop(max_network_retries=3)
    before = bank.calls(CREATE)
    sale = pay(shop, payment_method="pm_of_503_2", metadata={"order_id": "py shed"})
    assert bank.calls(CREATE) - before == 3
    assert len(bank.movements(sale.id)) == 2


def test_an_answer_cut_off_is_fetched_again(bank):
    # The SDK tries a connection that fails again, not an answer that breaks off: the key makes asking again safe.
    shop = bank.shop(max_network_retries=2)
    options = {"idempotency_key": "cut off"}
    try:
        sale = pay(shop, options, payment_method="pm_of_reset_mid_response")
    except stripe.APIConnectionError:
        sale = pay(shop, options, payment_method="pm_of_reset_mid_response")
    assert is_replay(sale)
    assert len(bank.movements(sale.id)) == 2


def test_a_stored_500_is_replayed_and_another_key_helps(bank):
    shop = bank.shop(max_network_retries=1)
    flaky = {"payment_method": "pm_of_flaky_1", "metadata": {"order_id": "py flaky"}}
    with pytest.raises(stripe.APIError) as refused:
        pay(shop, {"idempotency_key": "flaky"}, **flaky)
    assert refused.value.headers["Idempotent-Replayed"] == "true"
    assert pay(shop, **flaky).status == "succeeded"


def test_a_decline_is_never_tried_again(bank):
    shop = bank.shop(max_network_retries=3)
    before = bank.calls(CREATE)
    with pytest.raises(stripe.CardError):
        pay(shop, payment_method="pm_card_visa_chargeDeclined")
    assert bank.calls(CREATE) - before == 1


def test_a_bank_that_is_down(bank, shop):
    bank.control("PUT", "weather?store_id=py_far", {"mode": "down"})
    with pytest.raises(stripe.APIError) as refused:
        pay(shop, metadata={"store_id": "py_far"})
    assert refused.value.http_status == 503
    assert pay(shop).status == "succeeded"


def test_keys_outlive_kill_9(bank):
    options = {"idempotency_key": "outlives"}
    first = pay(bank.shop("sk_test_py_survivor"), options)
    bank.kill()
    bank.start()
    again = pay(bank.shop("sk_test_py_survivor"), options)
    assert is_replay(again)
    assert again.last_response.body == first.last_response.body


@pytest.fixture(scope="module")
def many(bank):
    # Made by the bank that is there after the restart above: its address is another one.
    shop = bank.shop()
    made = [pay(shop, metadata={"order_id": f"ord_{n}"}).id for n in range(17)]
    return shop, made[::-1]


def test_pages_both_ways(many):
    shop, newest = many
    page = shop.v1.payment_intents.list({"limit": 5, "starting_after": newest[4]})
    assert ([one.id for one in page.data], page.has_more) == (newest[5:10], True)
    back = shop.v1.payment_intents.list({"limit": 5, "ending_before": newest[8]})
    assert ([one.id for one in back.data], back.has_more) == (newest[3:8], True)


def test_the_sdk_walks_all_pages(many):
    shop, newest = many
    page = shop.v1.payment_intents.list({"limit": 4})
    assert [one.id for one in page.auto_paging_iter()] == newest


def test_and_back(many):
    shop, newest = many
    page = shop.v1.payment_intents.list({"limit": 4, "ending_before": newest[-1]})
    assert [one.id for one in page.auto_paging_iter()] == newest[-2::-1]


def test_a_search(many):
    shop, newest = many
    found = shop.v1.payment_intents.search({"query": "metadata['order_id']:'ord_3' AND status:'succeeded'"})
    assert [one.id for one in found.data] == [newest[-4]]
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.payment_intents.search({"query": "nonsense"})


def test_transactions_and_the_balance(shop):
    sale = pay(shop)
    shop.v1.refunds.create({"payment_intent": sale.id, "amount": 999})
    nets = [row.net for row in shop.v1.balance_transactions.list().data]
    assert nets == [-999, 1999]
    available = shop.v1.balance.retrieve().available
    assert [(part.currency, part.amount) for part in available] == [("usd", 1000)]
