mod bumps;
mod limits;
mod made;
mod matrix;
mod places;
mod random;
mod schemas;
mod translate;
