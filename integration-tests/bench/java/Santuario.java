import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.xml.security.Init;
import org.apache.xml.security.algorithms.JCEMapper;
import org.apache.xml.security.signature.XMLSignature;
import org.apache.xml.security.transforms.Transforms;
import org.apache.xml.security.utils.XMLUtils;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * What Apache Santuario with BouncyCastle needs to verify a signed SOAP envelope, and to sign one. Compiled and run by
 * {@code mohur-bench -- soap}:
 *
 * <pre>java Santuario &lt;signed envelope&gt; &lt;envelope to sign&gt; &lt;key, PEM&gt; &lt;certificate, PEM&gt;</pre>
 *
 * A line {@code <verify|sign|exchange> <count>} on the standard input runs the operation so many times; an exchange is two
 * verifications and one signature. The answer is a line of JSON with the CPU of one: of the whole process, collector and
 * compiler included, and of the working thread alone. Each time the text is parsed anew, as a server must; what is signed is
 * written as text again. The key is given, so that no certificate is parsed and no path built.
 */
public final class Santuario {
    private static final String DS = "http://www.w3.org/2000/09/xmldsig#";
    private static final String EXC_C14N = Transforms.TRANSFORM_C14N_EXCL_OMIT_COMMENTS;
    private static final String WSSE =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    private static final String WSU =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

    private final DocumentBuilder builder;
    private final byte[] signed;
    private final byte[] unsigned;
    private final PrivateKey privateKey;
    private final PublicKey publicKey;

    private Santuario(String[] arguments) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        builder = factory.newDocumentBuilder();
        signed = Files.readAllBytes(Path.of(arguments[0]));
        unsigned = Files.readAllBytes(Path.of(arguments[1]));
        String pem = Files.readString(Path.of(arguments[2])).replaceAll("-----[^-]+-----|\\s", "");
        PKCS8EncodedKeySpec key = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem));
        privateKey = KeyFactory.getInstance("EC", "BC").generatePrivate(key);
        try (InputStream certificate = Files.newInputStream(Path.of(arguments[3]))) {
            publicKey = CertificateFactory.getInstance("X.509", "BC").generateCertificate(certificate).getPublicKey();
        }
    }

    private Document parse(byte[] text) throws Exception {
        Document document = builder.parse(new ByteArrayInputStream(text));
        registerIds(document.getDocumentElement());
        return document;
    }

    /** Makes every wsu:Id known to the document, as each user of Santuario with WS-Security must. */
    private static void registerIds(Element element) {
        if (element.hasAttributeNS(WSU, "Id")) {
            element.setIdAttributeNS(WSU, "Id", true);
        }
        for (Node child = element.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child instanceof Element) {
                registerIds((Element) child);
            }
        }
    }

    private static XMLSignature signatureOf(Document document) throws Exception {
        return new XMLSignature((Element) document.getElementsByTagNameNS(DS, "Signature").item(0), "", true);
    }

    private void verify() throws Exception {
        if (!signatureOf(parse(signed)).checkSignatureValue(publicKey)) {
            throw new IllegalStateException("the signature does not verify");
        }
    }

    private byte[] sign() throws Exception {
        Document document = parse(unsigned);
        XMLSignature signature =
            new XMLSignature(document, "", XMLSignature.ALGO_ID_SIGNATURE_ECDSA_SHA256, EXC_C14N);
        document.getElementsByTagNameNS(WSSE, "Security").item(0).appendChild(signature.getElement());
        for (String target : List.of("#body", "#timestamp")) {
            Transforms transforms = new Transforms(document);
            transforms.addTransform(EXC_C14N);
            signature.addDocument(target, transforms, "http://www.w3.org/2001/04/xmlenc#sha256");
        }
        signature.sign(privateKey);
        ByteArrayOutputStream written = new ByteArrayOutputStream(unsigned.length + 512);
        XMLUtils.outputDOM(document, written);
        if (written.size() < unsigned.length) {
            throw new IllegalStateException("the signed envelope cannot be written");
        }
        return written.toByteArray();
    }

    private void run(String operation) throws Exception {
        switch (operation) {
            case "verify":
                verify();
                break;
            case "sign":
                sign();
                break;
            case "exchange":
                verify();
                verify();
                sign();
                break;
            default:
                throw new IllegalArgumentException("an operation is verify, sign or exchange");
        }
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        Init.init();
        JCEMapper.setProviderId("BC");
        Santuario santuario = new Santuario(arguments);
        var process = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        var thread = ManagementFactory.getThreadMXBean();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            if (words[0].equals("keep")) {
                Files.write(Path.of(words[1]), santuario.sign());
                System.out.println("{}");
                continue;
            }
            int count = Integer.parseInt(words[1]);
            long before = process.getProcessCpuTime();
            long own = thread.getCurrentThreadCpuTime();
            for (int i = 0; i < count; i++) {
                santuario.run(words[0]);
            }
            double whole = (process.getProcessCpuTime() - before) / 1e3 / count;
            double alone = (thread.getCurrentThreadCpuTime() - own) / 1e3 / count;
            System.out.printf(java.util.Locale.ROOT, "{\"cpu_us\":%.3f,\"thread_us\":%.3f}%n", whole, alone);
        }
    }
}
