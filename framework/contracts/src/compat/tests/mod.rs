mod bumps;
mod limits;
mod made;
mod matrix;
mod random;
mod schemas;
