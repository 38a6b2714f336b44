import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import javax.xml.XMLConstants;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSSecurityException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Plays scenes with WSS4J against a running broker, and prints what came of each as one JSON document.
 *
 * <pre>SoapScenes door=… authority=… brokersSeal=… passphrase=… member=… ec=… rsa=… fin=… nobody=…</pre>
 */
public final class SoapScenes {
    private static final String MOHUR = "urn:mohur:exchange:1";
    private static final String SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/";
    private static final String SOAP12 = "http://www.w3.org/2003/05/soap-envelope";
    private static final String MORE = "http://www.w3.org/2001/04/xmldsig-more#";
    private static final Map<String, Integer> IDENTIFIERS = identifiers();

    private final Map<String, String> brief;
    private final URI door;
    private final Schema schema;
    private final SoapClient ec;
    private final SoapClient rsa;

    private static Map<String, Integer> identifiers() {
        Map<String, Integer> identifiers = new LinkedHashMap<>();
        identifiers.put("BinarySecurityToken", WSConstants.BST_DIRECT_REFERENCE);
        identifiers.put("issuer and serial", WSConstants.ISSUER_SERIAL);
        identifiers.put("subject key identifier", WSConstants.SKI_KEY_IDENTIFIER);
        identifiers.put("thumbprint", WSConstants.THUMBPRINT_IDENTIFIER);
        identifiers.put("X.509 key identifier", WSConstants.X509_KEY_IDENTIFIER);
        return identifiers;
    }

    private SoapScenes(Map<String, String> brief) throws Exception {
        this.brief = brief;
        ec = client("ec");
        rsa = client("rsa");
        URI wsdl = URI.create(brief.get("door") + "/soap?wsdl");
        Document contract = SoapClient.parse(ec.get(wsdl));
        Element address = (Element) contract.getElementsByTagNameNS("http://schemas.xmlsoap.org/wsdl/soap/", "address").item(0);
        door = URI.create(address.getAttribute("location"));
        Element imported = (Element) contract.getElementsByTagNameNS(XMLConstants.W3C_XML_SCHEMA_NS_URI, "import").item(0);
        byte[] xsd = ec.get(wsdl.resolve(imported.getAttribute("schemaLocation")));
        schema = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI)
            .newSchema(new StreamSource(new ByteArrayInputStream(xsd)));
    }

    private SoapClient client(String seal) throws Exception {
        return new SoapClient(
            Path.of(brief.get("ec"), "tls.p12"), Path.of(brief.get(seal), "seal.p12"), brief.get("passphrase").toCharArray(),
            Path.of(brief.get("authority")), Path.of(brief.get("brokersSeal")));
    }

    /** A query, as the schema has it, in an envelope. */
    private Document envelope(String soap, String fin) throws Exception {
        byte[] salt = new byte[32];
        new SecureRandom().nextBytes(salt);
        Document envelope = SoapClient.parse(("<s:Envelope xmlns:s=\"" + soap + "\"><s:Header/><s:Body/></s:Envelope>")
            .getBytes(StandardCharsets.UTF_8));
        Element query = add((Element) envelope.getElementsByTagNameNS(soap, "Body").item(0), "query", null);
        // Canonicalisation writes the declarations that stand in the tree, and makes none.
        query.setAttributeNS(XMLConstants.XMLNS_ATTRIBUTE_NS_URI, "xmlns:m", MOHUR);
        add(query, "salt", Base64.getUrlEncoder().withoutPadding().encodeToString(salt));
        add(query, "id", UUID.randomUUID().toString());
        add(query, "caller", brief.get("member"));
        add(query, "service", "AZ/GOV/MOH/health-card/vitals/v1");
        add(query, "verb", "read");
        add(add(query, "subject", null), "fin", fin);
        add(query, "purpose", "issue-id-document");
        add(query, "case", "ID-1");
        add(query, "official", "inspector-7");
        Element fields = add(query, "fields", null);
        add(fields, "field", "bloodGroup");
        add(fields, "field", "height");
        schema.newValidator().validate(new DOMSource(query));
        return envelope;
    }

    private static Element add(Element parent, String name, String text) {
        Element child = parent.getOwnerDocument().createElementNS(MOHUR, "m:" + name);
        parent.appendChild(child);
        if (text != null) {
            child.setTextContent(text);
        }
        return child;
    }

    /** The fields that came, or the code and detail of the refusal; all of it verified and as the schema has it. */
    private Map<String, String> ask(SoapClient client, Document envelope, SoapClient.How how) throws Exception {
        byte[] sent = client.sign(envelope, how);
        return told(client, envelope, sent);
    }

    private Map<String, String> told(SoapClient client, Document envelope, byte[] sent) throws Exception {
        boolean soap12 = envelope.getDocumentElement().getNamespaceURI().equals(SOAP12);
        HttpResponse<byte[]> response = client.send(door, SoapClient.text(envelope), soap12);
        Document answer = client.verify(response.body(), sent);
        Map<String, String> told = new TreeMap<>();
        NodeList refusals = answer.getElementsByTagNameNS(MOHUR, "refusal");
        if (refusals.getLength() > 0) {
            schema.newValidator().validate(new DOMSource(refusals.item(0)));
            told.put("code", text(answer, "code"));
            told.put("detail", text(answer, "detail"));
            return told;
        }
        schema.newValidator().validate(new DOMSource(answer.getElementsByTagNameNS(MOHUR, "answer").item(0)));
        NodeList fields = answer.getElementsByTagNameNS(MOHUR, "field");
        for (int i = 0; i < fields.getLength(); i++) {
            Element field = (Element) fields.item(i);
            told.put(field.getAttribute("name"), field.getTextContent());
        }
        return told;
    }

    private static String text(Document document, String name) {
        return document.getElementsByTagNameNS(MOHUR, name).item(0).getTextContent();
    }

    private Map<String, Map<String, String>> answered() throws Exception {
        Map<String, Map<String, String>> told = new LinkedHashMap<>();
        for (Map.Entry<String, Integer> each : IDENTIFIERS.entrySet()) {
            for (String soap : List.of(SOAP11, SOAP12)) {
                String name = each.getKey() + (soap.equals(SOAP12) ? ", SOAP 1.2" : "");
                SoapClient.How ecdsa = new SoapClient.How(each.getValue(), MORE + "ecdsa-sha256");
                SoapClient.How pkcs1 = new SoapClient.How(each.getValue(), MORE + "rsa-sha256");
                told.put(name + ", EC", ask(ec, envelope(soap, brief.get("fin")), ecdsa));
                told.put(name + ", RSA", ask(rsa, envelope(soap, brief.get("fin")), pkcs1));
            }
        }
        return told;
    }

    private Map<String, Map<String, String>> refused() throws Exception {
        SoapClient.How token = new SoapClient.How(WSConstants.BST_DIRECT_REFERENCE, MORE + "ecdsa-sha256");
        Map<String, Map<String, String>> told = new LinkedHashMap<>();
        told.put("nobody", ask(ec, envelope(SOAP11, brief.get("nobody")), token));
        told.put("SHA-1", ask(rsa, envelope(SOAP11, brief.get("fin")),
            new SoapClient.How(WSConstants.BST_DIRECT_REFERENCE, WSConstants.RSA_SHA1)));
        Document changed = envelope(SOAP11, brief.get("fin"));
        byte[] sent = ec.sign(changed, token);
        changed.getElementsByTagNameNS(MOHUR, "official").item(0).setTextContent("inspector-8");
        told.put("changed", told(ec, changed, sent));
        Document twice = envelope(SOAP11, brief.get("fin"));
        sent = ec.sign(twice, token);
        told(ec, twice, sent);
        told.put("repeated", told(ec, twice, sent));
        return told;
    }

    /** Whether WSS4J's yes is worth something: each change of a good answer must be seen. */
    private Map<String, Boolean> forged() throws Exception {
        SoapClient.How token = new SoapClient.How(WSConstants.BST_DIRECT_REFERENCE, MORE + "ecdsa-sha256");
        Document question = envelope(SOAP11, brief.get("fin"));
        byte[] sent = ec.sign(question, token);
        String answer = new String(ec.send(door, SoapClient.text(question), false).body(), StandardCharsets.UTF_8);
        Map<String, Boolean> told = new LinkedHashMap<>();
        told.put("untouched", accepts(answer, sent));
        told.put("a field", accepts(changed(answer, "(<m:field [^>]*>)[^<]*", "$1forged"), sent));
        told.put("the finding", accepts(changed(answer, ">found<", ">absent<"), sent));
        told.put("the time", accepts(changed(answer, "(<wsu:Created>)\\d{4}", "$12000"), sent));
        told.put("the confirmation",
            accepts(changed(answer, "(SignatureConfirmation[^>]* Value=\")....", "$1AAAA"), sent));
        told.put("the signature", accepts(changed(answer, "(<ds:SignatureValue>)....", "$1AAAA"), sent));
        told.put("another question", accepts(answer, new byte[64]));
        return told;
    }

    private boolean accepts(String changed, byte[] sent) throws Exception {
        try {
            ec.verify(changed.getBytes(StandardCharsets.UTF_8), sent);
            return true;
        } catch (WSSecurityException refused) {
            return false;
        }
    }

    private static String changed(String answer, String from, String to) {
        String changed = answer.replaceFirst(from, to);
        if (changed.equals(answer)) {
            throw new IllegalStateException("nothing to change: " + from);
        }
        return changed;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> brief = new TreeMap<>();
        for (String argument : arguments) {
            String[] parts = argument.split("=", 2);
            brief.put(parts[0], parts[1]);
        }
        SoapScenes scenes = new SoapScenes(brief);
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("answered", scenes.answered());
        told.put("refused", scenes.refused());
        told.put("forged", scenes.forged());
        System.out.println(json(told));
    }

    private static String json(Object value) {
        if (!(value instanceof Map)) {
            return value instanceof Boolean ? value.toString() : quoted(String.valueOf(value));
        }
        StringBuilder out = new StringBuilder("{");
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
            out.append(out.length() > 1 ? "," : "").append(quoted(String.valueOf(entry.getKey()))).append(':');
            out.append(json(entry.getValue()));
        }
        return out.append('}').toString();
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
