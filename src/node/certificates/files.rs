//! A certificate and its key in files, which somebody else renews.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{CertificateError, Certificates, Ready};

/// Time between two looks at the files.
const LOOK: Duration = Duration::from_secs(5);

/// The two files.
#[derive(Debug, Clone)]
pub struct Files {
    /// The certificate, then those that lead to its authority.
    pub chain: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Files {
    fn texts(&self) -> Result<[Vec<u8>; 2], CertificateError> {
        let text = |path: &PathBuf| std::fs::read(path).map_err(|error| CertificateError::File(path.display().to_string(), error));
        Ok([text(&self.chain)?, text(&self.key)?])
    }

    fn ready(&self, [chain, key]: &[Vec<u8>; 2]) -> Result<Ready, CertificateError> {
        Ready::read((&self.chain.display().to_string(), chain), (&self.key.display().to_string(), key))
    }

    /// Shows what the files hold. Errors: they cannot be read, or do not belong together.
    pub fn show(&self, certificates: &Certificates) -> Result<(), CertificateError> {
        certificates.show(self.ready(&self.texts()?)?);
        Ok(())
    }

    /// Shows what the files hold whenever they change. Whoever renews them writes one after the other: until they belong
    /// together, the old ones go on. It never returns.
    pub async fn keep(self, certificates: Arc<Certificates>) {
        let goes_on = |error: CertificateError| certificates.trouble(format!("the certificate that was shown goes on: {error}"));
        let (mut seen, mut is_good, mut is_away) = (self.texts().ok(), true, false);
        loop {
            tokio::time::sleep(LOOK).await;
            let texts = match self.texts() {
                Ok(texts) => texts,
                Err(error) => {
                    if !is_away {
                        goes_on(error);
                    }
                    is_away = true;
                    continue;
                }
            };
            let was_away = std::mem::take(&mut is_away);
            if seen.as_ref() == Some(&texts) {
                if was_away && is_good {
                    certificates.settled();
                }
                continue;
            }
            let read = self.ready(&texts);
            is_good = read.is_ok();
            match read {
                Ok(ready) => certificates.show(ready),
                Err(error) => goes_on(error),
            }
            seen = Some(texts);
        }
    }
}
