using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Broker;
using RabbitMQ.Client;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>
/// Sends a letter to the queue that it was meant for: its bytes, its message id, its own headers; without what the failure added. Who
/// consumed it before knows it by its id, and so does nothing twice. An edited body is another message and gets an id of its own.
/// </summary>
internal sealed class DeadLetterSender(BrokerLink broker, IOptions<DeadLetterOptions> options, TimeProvider time)
{
    private const string EnvelopeType = "application/vnd.masstransit+json";

    // What MassTransit and the broker add to a message that failed.
    private static readonly string[] FailureHeaders = ["MT-Fault-", "MT-Reason", "MT-Redelivery-Count", "MT-Host-", "x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count"];

    public bool IsPossible => broker.IsThere;

    /// <returns>The message id that it was sent under.</returns>
    /// <exception cref="Exception">The broker did not confirm it, or no such queue is there: nothing may be taken for sent.</exception>
    public async Task<string?> SendAsync(DeadLetter letter, byte[]? edited, CancellationToken cancellationToken)
    {
        var kept = JsonSerializer.Deserialize(letter.Properties, DeadLetterJson.Stored.DeadLetterProperties)!;
        var messageId = edited is null ? kept.MessageId : NewId.NextGuid().ToString();
        var properties = new BasicProperties { DeliveryMode = DeliveryModes.Persistent, Headers = Headers(kept) };
        if (messageId is not null)
        {
            properties.MessageId = messageId;
        }

        if (letter.ContentType is not null)
        {
            properties.ContentType = letter.ContentType;
        }

        if (kept.CorrelationId is not null)
        {
            properties.CorrelationId = kept.CorrelationId;
        }

        if (kept.Timestamp > 0)
        {
            properties.Timestamp = new AmqpTimestamp(kept.Timestamp);
        }

        // Not reply_to: whoever asked has heard of the failure, and its queue is long gone.
        var body = edited is null ? letter.Body : UnderItsOwnId(letter, edited, messageId!);
        await using var channel = await broker.ChannelAsync(confirms: true, cancellationToken);
        using var limit = new CancellationTokenSource(options.Value.SendTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var (exchange, key) = DestinationOf(letter, body);
        await channel.BasicPublishAsync(exchange, key, mandatory: true, properties, body, either.Token).AsTask().WaitAsync(either.Token);
        return messageId;
    }

    // What no queue took is sent by its agent once more: somebody may have defined it since, or the edited body names another.
    private static (string Exchange, string RoutingKey) DestinationOf(DeadLetter letter, byte[] body) =>
        letter.Queue == QueueName.UnroutedInvocations && DeadLetterReading.AddressIn(body).Agent is { } agent ? (QueueName.SubmissionExchange, agent) : ("", letter.Queue!);

    private static Dictionary<string, object?> Headers(DeadLetterProperties kept) => kept.Headers
        .Where(x => !FailureHeaders.Any(y => x.Key.StartsWith(y, StringComparison.OrdinalIgnoreCase)))
        .ToDictionary(x => x.Key, object? (x) => Encoding.UTF8.GetBytes(x.Value));

    // In an envelope the id that counts is the one inside.
    private static byte[] UnderItsOwnId(DeadLetter letter, byte[] edited, string messageId)
    {
        if (letter.ContentType?.StartsWith(EnvelopeType, StringComparison.OrdinalIgnoreCase) != true)
        {
            return edited;
        }

        try
        {
            if (JsonNode.Parse(edited) is JsonObject envelope)
            {
                envelope["messageId"] = messageId;
                return JsonSerializer.SerializeToUtf8Bytes(envelope);
            }
        }
        catch (JsonException)
        {
            // Sent as it is: it will be a dead letter again, and say why.
        }

        return edited;
    }
}
