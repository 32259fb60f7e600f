using System.Text.Json.Nodes;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;

namespace Pipeline.Contracts.Tests.Published;

/// <summary>Makes the AsyncAPI 3 document: channels and operations as the pipeline has them, names and schemas from the code.</summary>
internal static class PublishedAsyncApi
{
    public static JsonObject Create() => new()
    {
        ["asyncapi"] = "3.0.0",
        ["info"] = new JsonObject
        {
            ["title"] = "Pipeline: invocations of AI agents",
            ["version"] = "1.0.0",
            ["description"] = "Plain JSON over AMQP 0.9.1 for upstream systems. The queues of model pools and tools carry MassTransit envelopes whose member 'message' has the schema named here.",
        },
        ["defaultContentType"] = "application/json",
        ["channels"] = new JsonObject
        {
            ["submissions"] = Channel(QueueName.SubmissionExchange, "Submissions. The routing key is the agent.", Exchange(QueueName.SubmissionExchange, "direct"), "SubmitInvocation"),
            ["events"] = Channel(
                "{tenant}.{agent}.{event}",
                "What becomes of invocations. Bind a queue of your own before you publish.",
                Exchange(QueueName.EventExchange, "topic"),
                [.. Events.Select(x => $"InvocationEvent.{x}")],
                new JsonObject
                {
                    ["tenant"] = new JsonObject { ["description"] = "The submission's tenant." },
                    ["agent"] = new JsonObject { ["description"] = "The submission's agent." },
                    ["event"] = new JsonObject { ["enum"] = PublishedSchemas.Names(typeof(InvocationEventName)) },
                }),
            ["answers"] = Channel(null, "The queue that a submission names in reply_to; correlation_id comes back as it came.", null, "InvocationEvent.accepted", "InvocationEvent.rejected", "InvocationEvent.deferred"),
            ["progress"] = Channel(QueueName.InvocationEvents, "Answers of models and tools, and cancellations.", Queue(QueueName.InvocationEvents), "CompletionReceived", "CompletionFailed", "ToolSucceeded", "ToolFailed", "CancelInvocation"),
            ["modelPool"] = Channel(QueueName.ModelPool("{pool}"), "Model turns of one pool.", null, ["RequestCompletion"], new JsonObject { ["pool"] = new JsonObject { ["description"] = "As the agent's definition names it." } }),
            ["tool"] = Channel(QueueName.Tool("{tool}"), "Calls of one tool.", null, ["RunTool"], new JsonObject { ["tool"] = new JsonObject { ["description"] = "The tool's name." } }),
        },
        ["operations"] = new JsonObject
        {
            ["receiveSubmission"] = new JsonObject
            {
                ["action"] = "receive",
                ["channel"] = Reference("channels/submissions"),
                ["summary"] = "Takes a submission; answers it where reply_to is set.",
                ["bindings"] = new JsonObject { ["amqp"] = new JsonObject { ["deliveryMode"] = 2, ["mandatory"] = true, ["ack"] = true, ["bindingVersion"] = "0.3.0" } },
                ["reply"] = new JsonObject { ["address"] = new JsonObject { ["location"] = "$message.header#/reply_to" }, ["channel"] = Reference("channels/answers") },
            },
            ["sendEvent"] = Operation("send", "events", "Publishes what became of an invocation, at least once."),
            ["receiveProgress"] = Operation("receive", "progress", "Moves an invocation on."),
            ["sendModelRequest"] = Operation("send", "modelPool", "Asks a model pool for a turn."),
            ["sendToolCall"] = Operation("send", "tool", "Asks a tool's workers to run a call."),
        },
        ["components"] = new JsonObject { ["messages"] = Messages(), ["schemas"] = Schemas() },
    };

    private static IEnumerable<string> Events => PublishedSchemas.Names(typeof(InvocationEventName)).Select(x => (string)x!);

    private static JsonObject Messages()
    {
        var messages = new JsonObject();
        foreach (var type in new[] { typeof(SubmitInvocation), typeof(CancelInvocation), typeof(RequestCompletion), typeof(CompletionReceived), typeof(CompletionFailed), typeof(RunTool), typeof(ToolSucceeded), typeof(ToolFailed) })
        {
            messages[type.Name] = Message(type.Name, Reference($"components/schemas/{type.Name}"), type == typeof(SubmitInvocation));
        }

        foreach (var name in Events)
        {
            messages[$"InvocationEvent.{name}"] = Message(name, new JsonObject
            {
                ["allOf"] = new JsonArray(
                    Reference("components/schemas/InvocationEvent"),
                    new JsonObject { ["properties"] = new JsonObject { ["event"] = new JsonObject { ["const"] = name } }, ["required"] = Required(name) }),
            }, correlated: name is InvocationEventName.Accepted or InvocationEventName.Rejected or InvocationEventName.Deferred);
        }

        return messages;
    }

    private static JsonArray Required(string name) => name switch
    {
        InvocationEventName.Completed => ["output", "degraded", "usage"],
        InvocationEventName.Failed or InvocationEventName.Expired or InvocationEventName.Cancelled => ["code", "reason", "usage"],
        InvocationEventName.Rejected => ["code", "reason"],
        InvocationEventName.Deferred => ["retryAfterSeconds"],
        InvocationEventName.Progressed => ["seq", "state"],
        _ => ["event"],
    };

    private static JsonObject Message(string name, JsonObject payload, bool correlated)
    {
        var message = new JsonObject { ["name"] = name, ["contentType"] = "application/json", ["payload"] = payload };
        if (correlated)
        {
            message["correlationId"] = new JsonObject { ["location"] = "$message.header#/correlation_id", ["description"] = "The AMQP property; comes back on the answer." };
        }

        return message;
    }

    private static JsonObject Schemas()
    {
        var schemas = new JsonObject();
        foreach (var type in PublishedSchemas.Messages)
        {
            var schema = PublishedSchemas.Of(type);
            schema.Remove("$schema");
            schema.Remove("$id");
            schemas[type.Name] = schema;
        }

        return schemas;
    }

    private static JsonObject Channel(string? address, string description, JsonObject? binding, params string[] messages) => Channel(address, description, binding, messages, null);

    private static JsonObject Channel(string? address, string description, JsonObject? binding, string[] messages, JsonObject? parameters)
    {
        var channel = new JsonObject { ["address"] = address, ["description"] = description, ["messages"] = new JsonObject(messages.Select(x => KeyValuePair.Create(x.Replace('.', '_'), (JsonNode?)Reference($"components/messages/{x}")))) };
        if (parameters is not null)
        {
            channel["parameters"] = parameters;
        }

        if (binding is not null)
        {
            channel["bindings"] = new JsonObject { ["amqp"] = binding };
        }

        return channel;
    }

    private static JsonObject Operation(string action, string channel, string summary) => new() { ["action"] = action, ["channel"] = Reference($"channels/{channel}"), ["summary"] = summary };

    private static JsonObject Exchange(string name, string type) => new()
    {
        ["is"] = "routingKey",
        ["exchange"] = new JsonObject { ["name"] = name, ["type"] = type, ["durable"] = true, ["autoDelete"] = false },
        ["bindingVersion"] = "0.3.0",
    };

    private static JsonObject Queue(string name) => new()
    {
        ["is"] = "queue",
        ["queue"] = new JsonObject { ["name"] = name, ["durable"] = true, ["exclusive"] = false, ["autoDelete"] = false },
        ["bindingVersion"] = "0.3.0",
    };

    private static JsonObject Reference(string path) => new() { ["$ref"] = $"#/{path}" };
}
