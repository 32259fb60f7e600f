using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Integration.Tests.CrashPoints;

/// <summary>A case of <c>samples/payment-disputes</c> that is to end with refunds: what is submitted, and what has to come of it.</summary>
/// <param name="Name">The case's name, <c>D001</c>.</param>
/// <param name="InvocationId">Chosen by the test.</param>
/// <param name="Body">The invocation as it goes over the wire.</param>
/// <param name="Event">The terminal event.</param>
/// <param name="OutputContains">Texts that the output holds.</param>
/// <param name="Refunds">Transaction and amount in cents.</param>
/// <param name="Turns">Model turns.</param>
/// <param name="ToolCalls">Tool calls.</param>
public sealed record DisputeCase(
    string Name,
    Guid InvocationId,
    byte[] Body,
    string Event,
    IReadOnlyList<string> OutputContains,
    IReadOnlyDictionary<string, long> Refunds,
    int Turns,
    int ToolCalls)
{
    /// <summary>The cases with refunds, each once; no two touch the same transaction.</summary>
    public static IEnumerable<DisputeCase> WithRefunds()
    {
        foreach (var line in File.ReadLines(Path.Combine(Checkout.Samples, "disputes.jsonl")))
        {
            var dispute = JsonNode.Parse(line)!;
            var expect = dispute["expect"]!;
            if (expect["refunds"]!.AsArray() is not { Count: > 0 } refunds || expect["turns"] is null || expect["toolCalls"] is null)
            {
                continue;
            }

            var id = Guid.NewGuid();
            var body = dispute["invocation"]!.DeepClone().AsObject();
            body["invocationId"] = id.ToString();
            yield return new DisputeCase(
                (string)dispute["case"]!,
                id,
                JsonSerializer.SerializeToUtf8Bytes(body),
                (string)expect["event"]!,
                [.. expect["outputContains"]!.AsArray().Select(x => (string)x!)],
                refunds.ToDictionary(x => (string)x!["transactionId"]!, x => (long)x!["amountCents"]!),
                (int)expect["turns"]!,
                (int)expect["toolCalls"]!);
        }
    }
}
