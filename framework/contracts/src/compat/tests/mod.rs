mod limits;
mod matrix;
mod random;
mod schemas;
