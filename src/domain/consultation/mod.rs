//! Consultations: a draft is shown, people say what they think of it, and are answered.

mod facts;
mod rules;
mod view;

pub use facts::{AnswersPublished, Consultation, ConsultationKind, PublishAnswers};

#[cfg(test)]
mod tests;
