import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSDataRef;
import org.apache.ws.security.WSEncryptionPart;
import org.apache.ws.security.WSSConfig;
import org.apache.ws.security.WSSecurityEngine;
import org.apache.ws.security.WSSecurityEngineResult;
import org.apache.ws.security.WSSecurityException;
import org.apache.ws.security.components.crypto.Merlin;
import org.apache.ws.security.message.WSSecHeader;
import org.apache.ws.security.message.WSSecSignature;
import org.apache.ws.security.message.WSSecTimestamp;
import org.apache.ws.security.message.token.SignatureConfirmation;
import org.apache.ws.security.util.WSSecurityUtil;
import org.apache.xml.security.utils.XMLUtils;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/**
 * A member that calls a Möhür broker over SOAP: WSS4J signs and verifies, the JDK does mutual TLS. CXF, Spring-WS and Axis2
 * configure the same WSS4J.
 */
final class SoapClient {
    private static final String SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    private static final int SECONDS = 60;

    static {
        // WSS4J would put BouncyCastle before the JDK's own cryptography, which then cannot read its own PKCS#12 files.
        WSSConfig.setAddJceProviders(false);
        WSSConfig.addXMLDSigRIInternal();
    }

    private final HttpClient http;
    private final Merlin seal = new Merlin();
    private final Merlin broker = new Merlin();
    private final char[] password;

    /**
     * @param tls the member's TLS key with its certificate chain, PKCS#12
     * @param seal the member's seal key with its certificate, PKCS#12
     * @param password opens both
     * @param authority the national authority's root certificate, PEM
     * @param brokersSeal the seal certificate of the broker, PEM, from the directory
     */
    SoapClient(Path tls, Path seal, char[] password, Path authority, Path brokersSeal) throws Exception {
        this.password = password.clone();
        this.seal.setKeyStore(KeyStore.getInstance(seal.toFile(), password));
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("broker", certificate(brokersSeal));
        this.broker.setKeyStore(trusted);
        http = HttpClient.newBuilder().sslContext(mutualTls(tls, password, authority)).build();
    }

    private static SSLContext mutualTls(Path tls, char[] password, Path authority) throws Exception {
        KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
        own.init(KeyStore.getInstance(tls.toFile(), password), password);
        KeyStore authorities = KeyStore.getInstance("PKCS12");
        authorities.load(null, null);
        authorities.setCertificateEntry("root", certificate(authority));
        TrustManagerFactory others = TrustManagerFactory.getInstance("PKIX");
        others.init(authorities);
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(own.getKeyManagers(), others.getTrustManagers(), new SecureRandom());
        return context;
    }

    private static X509Certificate certificate(Path file) throws Exception {
        try (InputStream pem = Files.newInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(pem);
        }
    }

    /** What makes a signature: how the key is named, and with which algorithm it signs. */
    record How(int keyIdentifier, String algorithm) {}

    /** Adds a Timestamp, and signs it and the Body; the value of the signature. */
    byte[] sign(Document envelope, How how) throws Exception {
        WSSecHeader header = new WSSecHeader();
        header.insertSecurityHeader(envelope);
        WSSecTimestamp timestamp = new WSSecTimestamp();
        timestamp.setTimeToLive(SECONDS);
        timestamp.build(envelope, header);

        WSSecSignature signature = new WSSecSignature();
        signature.setUserInfo("seal", new String(password));
        signature.setKeyIdentifierType(how.keyIdentifier());
        signature.setSignatureAlgorithm(how.algorithm());
        signature.setDigestAlgo(SHA256);
        String soap = envelope.getDocumentElement().getNamespaceURI();
        signature.setParts(List.of(
            new WSEncryptionPart("Body", soap, "Element"),
            new WSEncryptionPart("Timestamp", WSConstants.WSU_NS, "Element")));
        signature.build(envelope, seal, header);
        return signature.getSignatureValue();
    }

    /** Sends an envelope as SOAP 1.1 or 1.2, as its namespace says. */
    HttpResponse<byte[]> send(URI door, byte[] envelope, boolean soap12) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(door);
        if (soap12) {
            request.header("Content-Type", "application/soap+xml; charset=utf-8");
        } else {
            request.header("Content-Type", "text/xml; charset=utf-8").header("SOAPAction", "\"\"");
        }
        return http.send(
            request.POST(HttpRequest.BodyPublishers.ofByteArray(envelope)).build(),
            HttpResponse.BodyHandlers.ofByteArray());
    }

    /** Fetches a document: the contract, or its schema. */
    byte[] get(URI address) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(address).build();
        HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() != 200) {
            throw new IllegalStateException(address + " answers " + response.statusCode());
        }
        return response.body();
    }

    /**
     * The answer, if the broker signed its Body and its Timestamp, and confirmed in the same signature the one of the question.
     */
    Document verify(byte[] answer, byte[] sent) throws Exception {
        Document envelope = parse(answer);
        List<WSSecurityEngineResult> results =
            new WSSecurityEngine().processSecurityHeader(envelope, null, null, broker);
        if (results == null) {
            throw new WSSecurityException("the answer has no Security header");
        }
        // WSS4J says what was signed, and leaves it to its caller to ask whether that is enough.
        Set<Element> signed = new HashSet<>();
        for (WSSecurityEngineResult result : results) {
            if ((Integer) result.get(WSSecurityEngineResult.TAG_ACTION) == WSConstants.SIGN) {
                for (Object part : (List<?>) result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS)) {
                    signed.add(((WSDataRef) part).getProtectedElement());
                }
            }
        }
        if (!signed.contains(WSSecurityUtil.findBodyElement(envelope))) {
            throw new WSSecurityException("the Body is not signed");
        }
        WSSecurityEngineResult timestamp = WSSecurityUtil.fetchActionResult(results, WSConstants.TS);
        if (timestamp == null || !signed.contains(
                ((org.apache.ws.security.message.token.Timestamp)
                    timestamp.get(WSSecurityEngineResult.TAG_TIMESTAMP)).getElement())) {
            throw new WSSecurityException("the Timestamp is not signed");
        }
        WSSecurityEngineResult confirmation = WSSecurityUtil.fetchActionResult(results, WSConstants.SC);
        if (confirmation == null) {
            // A fault to a message whose signature could not be believed confirms none.
            if (isFault(envelope)) {
                return envelope;
            }
            throw new WSSecurityException("the answer confirms no signature");
        }
        SignatureConfirmation confirmed =
            (SignatureConfirmation) confirmation.get(WSSecurityEngineResult.TAG_SIGNATURE_CONFIRMATION);
        if (!signed.contains(confirmed.getElement())
                || !MessageDigest.isEqual(sent, confirmed.getSignatureValue())) {
            throw new WSSecurityException("the answer to another question");
        }
        return envelope;
    }

    private static boolean isFault(Document envelope) {
        Element body = WSSecurityUtil.findBodyElement(envelope);
        return body.getFirstChild() != null && "Fault".equals(body.getFirstChild().getLocalName());
    }

    static Document parse(byte[] text) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder().parse(new ByteArrayInputStream(text));
    }

    static byte[] text(Document document) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        XMLUtils.outputDOM(document, out);
        return out.toByteArray();
    }
}
