"""python-cryptography behind one line per request, as in Peer.java: words between tabs, files by their path.

    version
    sign IN OUT FORM (ALGORITHM KEY CERTIFICATE)...        FORM: der, detached or smime
    encrypt IN OUT CIPHER FORM (KEY-METHOD CERTIFICATE)...
    decrypt IN OUT KEY CERTIFICATE
    p12 OUT PASSWORD KEY CERTIFICATE ALGORITHM             ALGORITHM: pbes2 or 3des
    p12-open IN PASSWORD CERTIFICATE

It has no function that verifies a PKCS #7 signature.
"""

import sys

import cryptography
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs7, pkcs12


def read(name):
    with open(name, "rb") as file:
        return file.read()


def write(name, octets):
    with open(name, "wb") as file:
        file.write(octets)


def key(name):
    return serialization.load_pem_private_key(read(name), None)


def certificate(name):
    return x509.load_pem_x509_certificate(read(name))


def sign(content, out, form, *signers):
    builder = pkcs7.PKCS7SignatureBuilder().set_data(read(content))
    for algorithm, key_file, certificate_file in zip(*[iter(signers)] * 3):
        is_pss = algorithm == "rsa-pss-sha256"
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32) if is_pss else None
        digest = {"sha384": hashes.SHA384(), "sha512": hashes.SHA512()}.get(algorithm[-6:], hashes.SHA256())
        builder = builder.add_signer(certificate(certificate_file), key(key_file), digest, rsa_padding=pss)
    options = {
        "der": [pkcs7.PKCS7Options.Binary],
        "detached": [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.DetachedSignature],
        "smime": [pkcs7.PKCS7Options.DetachedSignature],
    }[form]
    encoding = serialization.Encoding.SMIME if form == "smime" else serialization.Encoding.DER
    write(out, builder.sign(encoding, options))


def encrypt(content, out, cipher, form, *recipients):
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(read(content))
    ciphers = {"aes-128-cbc": algorithms.AES128, "aes-256-cbc": algorithms.AES256}
    builder = builder.set_content_encryption_algorithm(ciphers[cipher])
    for method, name in zip(*[iter(recipients)] * 2):
        if method != "rsa-pkcs1":
            raise ValueError(f"no {method}")
        builder = builder.add_recipient(certificate(name))
    if form != "der":
        raise ValueError(f"no {form}")
    write(out, builder.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary]))


def decrypt(message, out, key_file, certificate_file):
    write(out, pkcs7.pkcs7_decrypt_der(read(message), certificate(certificate_file), key(key_file), []))


def p12(out, password, key_file, certificate_file, algorithm):
    builder = PrivateFormat.PKCS12.encryption_builder()
    if algorithm == "3des":
        builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
    else:
        builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256())
    encryption = builder.build(password.encode())
    own = certificate(certificate_file)
    write(out, pkcs12.serialize_key_and_certificates(b"key", key(key_file), own, None, encryption))


def p12_open(file, password, certificate_file):
    opened = pkcs12.load_pkcs12(read(file), password.encode())
    own = certificate(certificate_file)
    if opened.cert is None or opened.cert.certificate != own:
        raise ValueError("another certificate, or none")
    if opened.key.public_key() != own.public_key():
        raise ValueError("another key")


def answer(words):
    requests = {
        "sign": sign, "encrypt": encrypt, "decrypt": decrypt, "p12": p12, "p12-open": p12_open,
    }
    if words[0] == "version":
        return cryptography.__version__
    requests[words[0]](*words[1:])
    return ""


for line in sys.stdin:
    try:
        said = "ok " + answer(line.rstrip("\n").split("\t"))
    except Exception as error:
        said = f"error {type(error).__name__}: {error}".replace("\n", " ")
    print(said.strip(), flush=True)
