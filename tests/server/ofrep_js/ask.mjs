// Asks the server at argv[2] through the unmodified provider from npm; prints what it got as JSON.
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";

await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: process.argv[2] }));
const client = OpenFeature.getClient();
const short = ({ value, variant, reason, errorCode }) => ({ value, variant, reason, errorCode });
const staff = { targetingKey: "u1", mail: "ada@example.com" };
console.log(
  JSON.stringify({
    boolean: short(await client.getBooleanDetails("boolean", false)),
    text: short(await client.getStringDetails("text", "")),
    number: short(await client.getNumberDetails("number", 0)),
    share: short(await client.getNumberDetails("share", 0)),
    mapping: short(await client.getObjectDetails("mapping", {})),
    staff: short(await client.getBooleanDetails("prototype", false, staff)),
    split: short(await client.getBooleanDetails("prototype", false, { targetingKey: "u2" })),
    off: short(await client.getBooleanDetails("off", true)),
    nothing: short(await client.getBooleanDetails("nothing", true)),
    nobody: short(await client.getBooleanDetails("prototype", true)),
    mismatch: short(await client.getStringDetails("boolean", "x")),
  }),
);
await OpenFeature.close();
