mod bumps;
mod dialect;
mod limits;
mod made;
mod matrix;
mod random;
mod schemas;
