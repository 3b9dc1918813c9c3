//! Object identifiers of CMS, X.509 and S/MIME.

use const_oid::ObjectIdentifier;

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($text);)*
    };
}

oids! {
    // Content types (RFC 5652, RFC 5083, RFC 3161).
    /// id-data.
    DATA = "1.2.840.113549.1.7.1";
    /// id-signedData.
    SIGNED_DATA = "1.2.840.113549.1.7.2";
    /// id-envelopedData.
    ENVELOPED_DATA = "1.2.840.113549.1.7.3";
    /// id-digestedData.
    DIGESTED_DATA = "1.2.840.113549.1.7.5";
    /// id-ct-compressedData (RFC 3274).
    COMPRESSED_DATA = "1.2.840.113549.1.9.16.1.9";
    /// id-ct-authEnvelopedData.
    AUTH_ENVELOPED_DATA = "1.2.840.113549.1.9.16.1.23";
    /// id-ct-TSTInfo.
    TST_INFO = "1.2.840.113549.1.9.16.1.4";

    /// id-ri-ocsp-response (RFC 5940).
    OCSP_RESPONSE_INFO = "1.3.6.1.5.5.7.16.2";

    // Attributes.
    /// id-contentType.
    CONTENT_TYPE = "1.2.840.113549.1.9.3";
    /// id-messageDigest.
    MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
    /// id-signingTime.
    SIGNING_TIME = "1.2.840.113549.1.9.5";
    /// id-countersignature.
    COUNTERSIGNATURE = "1.2.840.113549.1.9.6";
    /// smimeCapabilities (RFC 8551 section 2.5.2).
    SMIME_CAPABILITIES = "1.2.840.113549.1.9.15";
    /// id-aa-encrypKeyPref (RFC 8551 section 2.5.3).
    ENCRYPTION_KEY_PREFERENCE = "1.2.840.113549.1.9.16.2.11";
    /// id-aa-signingCertificate (RFC 2634).
    SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
    /// id-aa-signingCertificateV2 (RFC 5035).
    SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
    /// id-aa-timeStampToken (RFC 3161 appendix A).
    TIME_STAMP_TOKEN = "1.2.840.113549.1.9.16.2.14";
    /// id-aa-ets-commitmentType (RFC 5126 section 5.11.1).
    COMMITMENT_TYPE = "1.2.840.113549.1.9.16.2.16";
    /// id-cti-ets-proofOfApproval.
    PROOF_OF_APPROVAL = "1.2.840.113549.1.9.16.6.5";
    /// id-aa-CMSAlgorithmProtect (RFC 6211).
    ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52";

    // Digests.
    /// MD5.
    MD5 = "1.2.840.113549.2.5";
    /// SHA-1.
    SHA1 = "1.3.14.3.2.26";
    /// SHA-224.
    SHA224 = "2.16.840.1.101.3.4.2.4";
    /// SHA-256.
    SHA256 = "2.16.840.1.101.3.4.2.1";
    /// SHA-384.
    SHA384 = "2.16.840.1.101.3.4.2.2";
    /// SHA-512.
    SHA512 = "2.16.840.1.101.3.4.2.3";

    // RSA (RFC 8017).
    /// rsaEncryption.
    RSA = "1.2.840.113549.1.1.1";
    /// md5WithRSAEncryption.
    RSA_MD5 = "1.2.840.113549.1.1.4";
    /// sha1WithRSAEncryption.
    RSA_SHA1 = "1.2.840.113549.1.1.5";
    /// id-RSAES-OAEP.
    RSA_OAEP = "1.2.840.113549.1.1.7";
    /// id-mgf1.
    MGF1 = "1.2.840.113549.1.1.8";
    /// id-pSpecified.
    P_SPECIFIED = "1.2.840.113549.1.1.9";
    /// id-RSASSA-PSS.
    RSA_PSS = "1.2.840.113549.1.1.10";
    /// sha256WithRSAEncryption.
    RSA_SHA256 = "1.2.840.113549.1.1.11";
    /// sha384WithRSAEncryption.
    RSA_SHA384 = "1.2.840.113549.1.1.12";
    /// sha512WithRSAEncryption.
    RSA_SHA512 = "1.2.840.113549.1.1.13";
    /// sha224WithRSAEncryption.
    RSA_SHA224 = "1.2.840.113549.1.1.14";
    /// sha1WithRSA of OIW, seen in old certificates.
    RSA_SHA1_OIW = "1.3.14.3.2.29";

    // Elliptic curves (RFC 5480, RFC 5758, RFC 8410).
    /// id-ecPublicKey.
    EC_PUBLIC_KEY = "1.2.840.10045.2.1";
    /// id-ecDH.
    EC_DH = "1.3.132.1.12";
    /// secp256r1.
    P256 = "1.2.840.10045.3.1.7";
    /// secp384r1.
    P384 = "1.3.132.0.34";
    /// secp521r1.
    P521 = "1.3.132.0.35";
    /// ecdsa-with-SHA1.
    ECDSA_SHA1 = "1.2.840.10045.4.1";
    /// ecdsa-with-SHA224.
    ECDSA_SHA224 = "1.2.840.10045.4.3.1";
    /// ecdsa-with-SHA256.
    ECDSA_SHA256 = "1.2.840.10045.4.3.2";
    /// ecdsa-with-SHA384.
    ECDSA_SHA384 = "1.2.840.10045.4.3.3";
    /// ecdsa-with-SHA512.
    ECDSA_SHA512 = "1.2.840.10045.4.3.4";
    /// id-X25519.
    X25519 = "1.3.101.110";
    /// id-Ed25519.
    ED25519 = "1.3.101.112";

    // Post-quantum algorithms (RFC 9881, RFC 9935) and their place in CMS (RFC 9629, RFC 8619).
    /// id-ml-dsa-44.
    ML_DSA_44 = "2.16.840.1.101.3.4.3.17";
    /// id-ml-dsa-65.
    ML_DSA_65 = "2.16.840.1.101.3.4.3.18";
    /// id-ml-dsa-87.
    ML_DSA_87 = "2.16.840.1.101.3.4.3.19";
    /// id-alg-ml-kem-512.
    ML_KEM_512 = "2.16.840.1.101.3.4.4.1";
    /// id-alg-ml-kem-768.
    ML_KEM_768 = "2.16.840.1.101.3.4.4.2";
    /// id-alg-ml-kem-1024.
    ML_KEM_1024 = "2.16.840.1.101.3.4.4.3";
    /// id-ori-kem.
    ORI_KEM = "1.2.840.113549.1.9.16.13.3";
    /// id-alg-hkdf-with-sha256.
    HKDF_SHA256 = "1.2.840.113549.1.9.16.3.28";
    /// id-alg-hkdf-with-sha384.
    HKDF_SHA384 = "1.2.840.113549.1.9.16.3.29";
    /// id-alg-hkdf-with-sha512.
    HKDF_SHA512 = "1.2.840.113549.1.9.16.3.30";

    // Key agreement schemes (RFC 5753, RFC 8418).
    /// dhSinglePass-stdDH-sha1kdf-scheme.
    ECDH_SHA1KDF = "1.3.133.16.840.63.0.2";
    /// dhSinglePass-stdDH-sha224kdf-scheme.
    ECDH_SHA224KDF = "1.3.132.1.11.0";
    /// dhSinglePass-stdDH-sha256kdf-scheme.
    ECDH_SHA256KDF = "1.3.132.1.11.1";
    /// dhSinglePass-stdDH-sha384kdf-scheme.
    ECDH_SHA384KDF = "1.3.132.1.11.2";
    /// dhSinglePass-stdDH-sha512kdf-scheme.
    ECDH_SHA512KDF = "1.3.132.1.11.3";
    /// dhSinglePass-cofactorDH-sha1kdf-scheme.
    ECDH_COFACTOR_SHA1KDF = "1.3.133.16.840.63.0.3";
    /// dhSinglePass-cofactorDH-sha224kdf-scheme.
    ECDH_COFACTOR_SHA224KDF = "1.3.132.1.14.0";
    /// dhSinglePass-cofactorDH-sha256kdf-scheme.
    ECDH_COFACTOR_SHA256KDF = "1.3.132.1.14.1";
    /// dhSinglePass-cofactorDH-sha384kdf-scheme.
    ECDH_COFACTOR_SHA384KDF = "1.3.132.1.14.2";
    /// dhSinglePass-cofactorDH-sha512kdf-scheme.
    ECDH_COFACTOR_SHA512KDF = "1.3.132.1.14.3";
    /// dhSinglePass-stdDH-hkdf-sha256-scheme.
    ECDH_HKDF_SHA256 = "1.2.840.113549.1.9.16.3.19";
    /// dhSinglePass-stdDH-hkdf-sha384-scheme.
    ECDH_HKDF_SHA384 = "1.2.840.113549.1.9.16.3.20";
    /// dhSinglePass-stdDH-hkdf-sha512-scheme.
    ECDH_HKDF_SHA512 = "1.2.840.113549.1.9.16.3.21";

    // Key wrap and content encryption (RFC 3565, RFC 5084, RFC 3370).
    /// id-aes128-wrap.
    AES128_WRAP = "2.16.840.1.101.3.4.1.5";
    /// id-aes192-wrap.
    AES192_WRAP = "2.16.840.1.101.3.4.1.25";
    /// id-aes256-wrap.
    AES256_WRAP = "2.16.840.1.101.3.4.1.45";
    /// id-alg-PWRI-KEK (RFC 3211).
    PWRI_KEK = "1.2.840.113549.1.9.16.3.9";
    /// id-alg-zlibCompress (RFC 3274).
    ZLIB_COMPRESS = "1.2.840.113549.1.9.16.3.8";
    /// id-alg-CMS3DESwrap.
    TDES_WRAP = "1.2.840.113549.1.9.16.3.6";
    /// id-aes128-CBC.
    AES128_CBC = "2.16.840.1.101.3.4.1.2";
    /// id-aes192-CBC.
    AES192_CBC = "2.16.840.1.101.3.4.1.22";
    /// id-aes256-CBC.
    AES256_CBC = "2.16.840.1.101.3.4.1.42";
    /// id-aes128-GCM.
    AES128_GCM = "2.16.840.1.101.3.4.1.6";
    /// id-aes192-GCM.
    AES192_GCM = "2.16.840.1.101.3.4.1.26";
    /// id-aes256-GCM.
    AES256_GCM = "2.16.840.1.101.3.4.1.46";
    /// des-ede3-cbc.
    TDES_CBC = "1.2.840.113549.3.7";
    /// rc2-cbc.
    RC2_CBC = "1.2.840.113549.3.2";
    /// id-alg-AEADChaCha20Poly1305 (RFC 8103).
    CHACHA20_POLY1305 = "1.2.840.113549.1.9.16.3.18";
    /// id-alg-cek-hkdf-sha256 (RFC 9709).
    CEK_HKDF_SHA256 = "1.2.840.113549.1.9.16.3.31";

    // Password-based encryption (RFC 8018, RFC 7914, RFC 9579) and the pseudo-random functions in it.
    /// id-PBKDF2.
    PBKDF2 = "1.2.840.113549.1.5.12";
    /// id-PBES2.
    PBES2 = "1.2.840.113549.1.5.13";
    /// id-PBMAC1.
    PBMAC1 = "1.2.840.113549.1.5.14";
    /// id-scrypt.
    SCRYPT = "1.3.6.1.4.1.11591.4.11";
    /// id-hmacWithSHA1.
    HMAC_SHA1 = "1.2.840.113549.2.7";
    /// id-hmacWithSHA224.
    HMAC_SHA224 = "1.2.840.113549.2.8";
    /// id-hmacWithSHA256.
    HMAC_SHA256 = "1.2.840.113549.2.9";
    /// id-hmacWithSHA384.
    HMAC_SHA384 = "1.2.840.113549.2.10";
    /// id-hmacWithSHA512.
    HMAC_SHA512 = "1.2.840.113549.2.11";
    /// pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292 appendix C).
    PBE_SHA1_3DES = "1.2.840.113549.1.12.1.3";
    /// pbeWithSHAAnd2-KeyTripleDES-CBC.
    PBE_SHA1_2DES = "1.2.840.113549.1.12.1.4";
    /// pbeWithSHAAnd128BitRC2-CBC.
    PBE_SHA1_RC2_128 = "1.2.840.113549.1.12.1.5";
    /// pbeWithSHAAnd40BitRC2-CBC.
    PBE_SHA1_RC2_40 = "1.2.840.113549.1.12.1.6";

    // PKCS#12 (RFC 7292).
    /// id-encryptedData.
    ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
    /// keyBag.
    KEY_BAG = "1.2.840.113549.1.12.10.1.1";
    /// pkcs8ShroudedKeyBag.
    SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
    /// certBag.
    CERT_BAG = "1.2.840.113549.1.12.10.1.3";
    /// crlBag.
    CRL_BAG = "1.2.840.113549.1.12.10.1.4";
    /// secretBag.
    SECRET_BAG = "1.2.840.113549.1.12.10.1.5";
    /// safeContentsBag.
    SAFE_CONTENTS_BAG = "1.2.840.113549.1.12.10.1.6";
    /// x509Certificate.
    X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";
    /// friendlyName (RFC 2985).
    FRIENDLY_NAME = "1.2.840.113549.1.9.20";
    /// localKeyId (RFC 2985).
    LOCAL_KEY_ID = "1.2.840.113549.1.9.21";

    // Requests (RFC 2986).
    /// extensionRequest (RFC 2985 section 5.4.2).
    EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

    // Names and certificate extensions (RFC 5280, RFC 9598, RFC 9336).
    /// id-at-commonName.
    COMMON_NAME = "2.5.4.3";
    /// emailAddress.
    EMAIL_ADDRESS = "1.2.840.113549.1.9.1";
    /// id-ce-subjectKeyIdentifier.
    SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
    /// id-ce-keyUsage.
    KEY_USAGE = "2.5.29.15";
    /// id-ce-subjectAltName.
    SUBJECT_ALT_NAME = "2.5.29.17";
    /// id-ce-basicConstraints.
    BASIC_CONSTRAINTS = "2.5.29.19";
    /// id-ce-nameConstraints.
    NAME_CONSTRAINTS = "2.5.29.30";
    /// id-ce-authorityKeyIdentifier.
    AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
    /// id-ce-cRLDistributionPoints.
    CRL_DISTRIBUTION_POINTS = "2.5.29.31";
    /// id-ce-freshestCRL.
    FRESHEST_CRL = "2.5.29.46";
    /// id-pe-authorityInfoAccess.
    AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1";
    /// id-ad-caIssuers.
    CA_ISSUERS = "1.3.6.1.5.5.7.48.2";
    /// id-ad-ocsp.
    OCSP = "1.3.6.1.5.5.7.48.1";
    /// id-ce-extKeyUsage.
    EXTENDED_KEY_USAGE = "2.5.29.37";
    /// anyExtendedKeyUsage.
    ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0";
    /// id-kp-emailProtection.
    EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";
    /// id-kp-timeStamping.
    TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
    /// id-kp-OCSPSigning.
    OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
    /// id-kp-documentSigning (RFC 9336).
    DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36";
    /// id-on-SmtpUTF8Mailbox (RFC 9598).
    SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9";

    // Revocation (RFC 5280 section 5, RFC 6960).
    /// id-ce-issuerAltName.
    ISSUER_ALT_NAME = "2.5.29.18";
    /// id-ce-cRLNumber.
    CRL_NUMBER = "2.5.29.20";
    /// id-ce-cRLReasons.
    CRL_REASON = "2.5.29.21";
    /// id-ce-invalidityDate.
    INVALIDITY_DATE = "2.5.29.24";
    /// id-ce-deltaCRLIndicator.
    DELTA_CRL_INDICATOR = "2.5.29.27";
    /// id-ce-issuingDistributionPoint.
    ISSUING_DISTRIBUTION_POINT = "2.5.29.28";
    /// id-ce-certificateIssuer.
    CERTIFICATE_ISSUER = "2.5.29.29";
    /// id-pkix-ocsp-basic.
    OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1";
    /// id-pkix-ocsp-nonce (RFC 9654).
    OCSP_NONCE = "1.3.6.1.5.5.7.48.1.2";
    /// id-pkix-ocsp-crl.
    OCSP_CRL = "1.3.6.1.5.5.7.48.1.3";
    /// id-pkix-ocsp-nocheck.
    OCSP_NO_CHECK = "1.3.6.1.5.5.7.48.1.5";
    /// id-pkix-ocsp-archive-cutoff.
    OCSP_ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.6";
}
