//! One step at run time: the record's way from taken to settled, whatever the driver.
pub(crate) mod port;
