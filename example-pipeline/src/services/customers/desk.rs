//! Filing what customers write.

use choreograph::{Emits, In, Service, step};

use super::events::{CustomerAddressChanged, CustomerCreated, CustomerForm};

/// What a form comes to.
#[derive(Debug, Emits)]
enum Filed {
    Created(CustomerCreated),
    AddressChanged(CustomerAddressChanged),
}

/// The service.
pub fn service() -> Service {
    Service::new("customers", ())
        .owner("Customer Care")
        .version("1.7.2")
        .publishes::<CustomerForm>()
        .step(step("file", file))
}

async fn file(form: In<CustomerForm>) -> Filed {
    let CustomerForm { customer_id, country, old_country } = form.into_inner();
    match old_country {
        None => Filed::Created(CustomerCreated { customer_id, country }),
        Some(old_country) => {
            Filed::AddressChanged(CustomerAddressChanged { customer_id, old_country, new_country: country })
        }
    }
}
