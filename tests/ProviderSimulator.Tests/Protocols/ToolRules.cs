namespace Pipeline.ProviderSimulator.Tests.Protocols;

/// <summary>A small script for both protocols: look up two things at once, then answer from what came back.</summary>
internal static class ToolRules
{
    public const string Json = """
        {
          "rules": [
            { "name": "ask", "when": { "turn": 0, "firstUser": "weather in (?<city>\\w+)" },
              "then": { "text": "Let me see.", "toolCalls": [ { "tool": "get_weather", "arguments": { "city": "${city}", "days": 2 } } ] } },
            { "name": "ask both", "when": { "turn": 0, "firstUser": "compare (?<a>\\w+) and (?<b>\\w+)" },
              "then": { "toolCalls": [ { "tool": "get_weather", "arguments": { "city": "${a}" } }, { "tool": "get_weather", "arguments": { "city": "${b}" } } ] } },
            { "name": "tell both", "when": { "firstUser": "compare (?<a>\\w+) and (?<b>\\w+)",
                "results": [ { "tool": "get_weather", "json": { "$call.city": "${a}" }, "capture": { "first": "$.degrees" } },
                             { "tool": "get_weather", "json": { "$call.city": "${b}" }, "capture": { "second": "$.degrees" } } ] },
              "then": { "text": "${a} ${first}, ${b} ${second}" } },
            { "name": "tell", "when": { "results": [ { "tool": "get_weather", "capture": { "degrees": "$.degrees" } } ] },
              "then": { "text": "It is ${degrees} degrees – grüß Gott 🌤.", "outputTokens": 17 } },
            { "name": "broken", "when": { "firstUser": "broken" },
              "then": { "toolCalls": [ { "tool": "get_weather", "rawArguments": "{\"city\": \"Ber" } ] } },
            { "name": "slow", "when": { "firstUser": "slow" }, "then": { "text": "at last", "latencyMs": 5000 } },
            { "name": "silent", "when": { "firstUser": "silent" }, "then": { "text": "" } },
            { "name": "overloaded", "when": { "firstUser": "overload" }, "then": { "fault": { "kind": "status", "status": 529, "retryAfterSeconds": 3 } } },
            { "name": "unavailable", "when": { "firstUser": "unavailable" }, "then": { "fault": { "kind": "status", "status": 503 } } },
            { "name": "hang", "when": { "firstUser": "hang" }, "then": { "fault": { "kind": "hang" } } },
            { "name": "abort", "when": { "firstUser": "abort" }, "then": { "text": "never seen", "fault": { "kind": "abort" } } },
            { "name": "stream error", "when": { "firstUser": "stream error" }, "then": { "text": "a text long enough for several chunks of the stream", "fault": { "kind": "streamError" } } },
            { "name": "stream abort", "when": { "firstUser": "stream abort" }, "then": { "text": "a text long enough for several chunks of the stream", "fault": { "kind": "streamAbort" } } }
          ],
          "default": { "text": "Hello from the simulator." }
        }
        """;
}
