using System.Text;

namespace Pipeline.Orchestrator.Tests.Http;

/// <summary>Bodies that no well-meaning system sends, from a seed: mutations of good submissions by what parsers are known to stumble over.</summary>
internal sealed class HostileBodies(int seed)
{
    private static readonly string[] Values =
    [
        "null", "true", "0", "-0", "1e999", "-1e-999", "123456789012345678901234567890123456789012345678901234567890", "0.1e+00000000000000000000001", "\"\"", "\" \"", "\"\\ud800\"",
        "\"\\udc00x\"", "\"\\u0000\"", "\"a\\nb\"", "\"\u202e\ufeff\"", "[]", "{}", "[null]", "[[[[]]]]", "{\"a\":{\"a\":{\"a\":1}}}", "\"' OR 1=1 --\"", "\"../../etc/passwd\"", "\"${jndi:ldap://127.0.0.1/a}\"",
        "\"00000000-0000-0000-0000-000000000000\"", "\"not-a-guid\"", "\"9999-99-99T99:99:99Z\"", "\"0001-01-01T00:00:00+14:00\"", "NaN", "Infinity", "undefined", "01", "+1", ".5", "'x'", "\"unfinished",
    ];

    private static readonly string[] Members = ["tenant", "agent", "input", "session", "idempotencyKey", "invocationId", "priority", "deadline", "metadata", "Tenant", "AGENT", "__proto__", "$type", "messageType", "message"];

    private readonly Random _random = new(seed);

    public Random Random => _random;

    public byte[] Next() => _random.Next(12) switch
    {
        0 => Truncated(Text()),
        1 => Flipped(Text()),
        2 => Noise(_random.Next(0, 300)),
        3 => Encoding.UTF8.GetBytes(Nested(_random.Next(20, 5000))),
        4 => Encoding.UTF8.GetBytes(Text() + Pick(["", "x", "{}", "\0", ",", "]", "\n\n//"])),
        5 => Encoding.Unicode.GetBytes(Text()),
        6 => [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Text())],
        7 => Encoding.UTF8.GetBytes($$"""{"tenant":"acme","agent":"resolver","input":"{{new string('x', _random.Next(250_000, 400_000))}}"}"""),
        8 => Encoding.UTF8.GetBytes("""{"tenant":"acme","agent":"resolver","input":"x","metadata":{""" +
            string.Join(',', Enumerable.Range(0, _random.Next(30, 200)).Select(x => $"\"k{x}\":{Pick(["\"v\"", "null", "1", "\"\\u0000\""])}")) + "}}"),
        _ => Encoding.UTF8.GetBytes(Text()),
    };

    public string Pick(string[] from) => from[_random.Next(from.Length)];

    /// <summary>An object with some of the members, some twice, each with a good value or a bad one.</summary>
    private string Text()
    {
        var members = new List<string>();
        foreach (var (name, good) in new[] { ("tenant", "\"acme\""), ("agent", "\"resolver\""), ("input", "\"x\"") })
        {
            var fate = _random.Next(8);
            if (fate > 0)
            {
                members.Add($"\"{name}\":{(fate == 1 ? Pick(Values) : good)}");
            }
        }

        for (var more = _random.Next(4); more > 0; more--)
        {
            members.Insert(_random.Next(members.Count + 1), $"\"{Pick(Members)}\":{Pick(Values)}");
        }

        return $"{{{string.Join(',', members)}}}";
    }

    private byte[] Truncated(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return bytes[.._random.Next(bytes.Length)];
    }

    private byte[] Flipped(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var flips = _random.Next(1, 4); flips > 0; flips--)
        {
            bytes[_random.Next(bytes.Length)] = (byte)_random.Next(256);
        }

        return bytes;
    }

    private byte[] Noise(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private string Nested(int depth)
    {
        var (open, close) = _random.Next(2) == 0 ? ("[", "]") : ("{\"a\":", "}");
        return $$"""{"tenant":"acme","agent":"resolver","input":{{string.Concat(Enumerable.Repeat(open, depth))}}1{{(_random.Next(4) == 0 ? "" : string.Concat(Enumerable.Repeat(close, depth)))}}}""";
    }
}
