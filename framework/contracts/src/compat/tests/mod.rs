mod matrix;
mod random;
mod schemas;
