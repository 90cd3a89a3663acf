//! What somebody orders.

use serde_json::{Value, json};

/// What every SKU of the stories costs, in minor units.
pub(crate) const PRICE: i64 = 1_250;

/// An order that is about to be placed: the body of `POST /v1/orders`.
#[derive(Clone, Debug)]
pub(crate) struct Basket(Value);

/// So many of a SKU, for Ada, with a good card, at the SKU's own price.
pub(crate) fn basket(sku: &str, quantity: i64) -> Basket {
    Basket(json!({
        "customer": {"id": "cus_ada", "email": "ada@example.com", "ip": "203.0.113.9"},
        "currency": "USD",
        "lines": [{"sku": sku, "quantity": quantity}],
        "shipping_address": {"name": "Ada", "line1": "1 Loop Rd", "city": "London", "postal_code": "N1", "country": "GB"},
        "payment": {"payment_method": "pm_card_visa"},
        "metadata": {"channel": "web"},
    }))
}

impl Basket {
    /// Another line.
    pub(crate) fn and(mut self, sku: &str, quantity: i64) -> Self {
        self.0["lines"].as_array_mut().expect("lines").push(json!({"sku": sku, "quantity": quantity}));
        self
    }

    /// Paid with another method.
    pub(crate) fn paid_with(self, method: &str) -> Self {
        self.with("/payment/payment_method", json!(method))
    }

    /// For somebody else.
    pub(crate) fn for_customer(self, id: &str) -> Self {
        let email = format!("{id}@example.com");
        self.with("/customer/id", json!(id)).with("/customer/email", json!(email))
    }

    /// With another value at a JSON pointer; a missing member is added.
    pub(crate) fn with(mut self, pointer: &str, value: Value) -> Self {
        let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
        let parent = self.0.pointer_mut(parent).expect("the pointer's parent is there");
        match parent {
            Value::Array(items) => items[member.parse::<usize>().expect("an index")] = value,
            parent => parent[member] = value,
        }
        self
    }

    /// Without a member.
    pub(crate) fn without(mut self, pointer: &str) -> Self {
        let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
        let parent = self.0.pointer_mut(parent).and_then(Value::as_object_mut);
        parent.expect("the pointer's parent is an object").remove(member).expect("the member is there");
        self
    }

    /// The body.
    pub(crate) fn json(&self) -> &Value {
        &self.0
    }
}
