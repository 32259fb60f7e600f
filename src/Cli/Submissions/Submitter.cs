using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Cli.Api;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Cli.Submissions;

/// <summary>Submits one invocation until it is admitted or refused: the same body and key each time, so that a repetition is not a second invocation.</summary>
internal sealed class Submitter(PipelineApi api, bool waitForAdmission, bool waitForEnd, TimeProvider time)
{
    public async Task<SubmissionResult> SubmitAsync(JsonObject body, int? line, CancellationToken cancellationToken)
    {
        var key = (string?)body["idempotencyKey"] ?? "";
        var text = body.ToJsonString(CliJson.Line.Options);
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "invocations") { Content = new StringContent(text, Encoding.UTF8, "application/json") };
            using var answer = await api.SendAsync(request, cancellationToken);
            if (answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
            {
                var pause = PipelineApi.RetryAfter(answer, time);
                if (!waitForAdmission)
                {
                    var (code, detail) = PipelineApi.Problem(await answer.Content.ReadAsStringAsync(cancellationToken));
                    return new SubmissionResult { Line = line, IdempotencyKey = key, Event = "deferred", Code = code, Reason = detail, RetryAfterSeconds = pause.TotalSeconds };
                }

                await Task.Delay(pause, time, cancellationToken);
                continue;
            }

            if (answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Conflict or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.NotFound)
            {
                // A refusal of this one, not of the command: the next line of the file may be good.
                var (code, detail) = PipelineApi.Problem(await answer.Content.ReadAsStringAsync(cancellationToken));
                return new SubmissionResult { Line = line, IdempotencyKey = key, Event = InvocationEventName.Rejected, Code = code, Reason = detail };
            }

            await PipelineApi.EnsureAsync(answer, cancellationToken);
            using var admitted = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
            var accepted = new SubmissionResult
            {
                Line = line,
                IdempotencyKey = key,
                InvocationId = PipelineApi.Text(admitted.RootElement, "invocationId"),
                Event = PipelineApi.Text(admitted.RootElement, "event") ?? InvocationEventName.Accepted,
            };
            return waitForEnd && accepted is { InvocationId: { } id, Event: InvocationEventName.Accepted } ? await EndAsync(accepted, id, cancellationToken) : accepted;
        }
    }

    private async Task<SubmissionResult> EndAsync(SubmissionResult accepted, string id, CancellationToken cancellationToken)
    {
        await foreach (var _ in new EventStream(api, time).ReadAsync(id, cancellationToken))
        {
        }

        var view = await api.GetAsync($"invocations/{id}", cancellationToken);
        return accepted with
        {
            Event = PipelineApi.Text(view, "state")?.ToLowerInvariant() ?? "unknown",
            Output = PipelineApi.Text(view, "output"),
            Degraded = PipelineApi.Text(view, "degraded") == "true",
            Code = PipelineApi.Text(view, "code"),
            Reason = PipelineApi.Text(view, "reason"),
        };
    }
}
